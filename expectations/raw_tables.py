"""The shape of every raw table as docs/lake.md promises it: columns, types, and what its partitions are.

Belongs here: facts about the lake's layout, as data. Does not belong here: what values must look like (batch_rules).
It repeats the ingestion's contract on purpose: a gate that asked the writer what to expect would pass whatever it
wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from expectations.report import Asset

TEXT = "VARCHAR"
INSTANT = "TIMESTAMP WITH TIME ZONE"
BOOLEAN = "BOOLEAN"
INTEGER = "BIGINT"
DATE = "DATE"

# What a partition's row count may be compared with, besides the partition it replaces:
# `flow`: the same weekday a week before; `snapshot`: the newest snapshot before; `file`: nothing else.
Rhythm = Literal["flow", "snapshot", "file"]


@dataclass(frozen=True)
class RawTable:
    """Columns in the lake with their DuckDB types, and the columns that name a row in an example."""

    asset: Asset
    rhythm: Rhythm
    columns: dict[str, str]
    named_by: tuple[str, ...]

    @property
    def text_columns(self) -> tuple[str, ...]:
        return tuple(name for name, type_ in self.columns.items() if type_ == TEXT)


def _text(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, TEXT)


STRIPE_OBJECTS = (
    "customers",
    "products",
    "prices",
    "coupons",
    "subscriptions",
    "invoices",
    "invoice_payments",
    "charges",
    "refunds",
    "credit_notes",
)
_STRIPE_COLUMNS = {"id": TEXT, "created_at": INSTANT, "livemode": BOOLEAN, "read_at": INSTANT, "payload": TEXT}

RAW_TABLES: tuple[RawTable, ...] = (
    RawTable(
        asset=("raw_app", "events"),
        rhythm="flow",
        columns={
            **_text("id", "event_type", "account_id", "agent_id", "conversation_id", "visitor_token"),
            "occurred_at": INSTANT,
            "received_at": INSTANT,
            "is_test": BOOLEAN,
            **_text("channel", "sender"),
            "is_accurate": BOOLEAN,
            **_text("plan"),
            "trial_days": INTEGER,
            **_text("amount", "currency", "feature", "experiment", "variant"),
        },
        named_by=("id",),
    ),
    RawTable(
        asset=("raw_app", "accounts"),
        rhythm="snapshot",
        columns={
            "id": TEXT,
            "created_at": INSTANT,
            **_text("country", "utm_source", "utm_medium", "utm_campaign", "referrer_host", "stripe_customer_id"),
            "deleted_at": INSTANT,
        },
        named_by=("id",),
    ),
    RawTable(
        asset=("raw_app", "agents"),
        rhythm="snapshot",
        columns={"id": TEXT, "account_id": TEXT, "created_at": INSTANT, "deleted_at": INSTANT},
        named_by=("id",),
    ),
    *(
        RawTable(asset=("raw_stripe", name), rhythm="snapshot", columns=_STRIPE_COLUMNS, named_by=("id",))
        for name in STRIPE_OBJECTS
    ),
    RawTable(
        asset=("raw_stripe", "events"),
        # A window of 30 days, or of one: neither says how many events the next one holds.
        rhythm="file",
        columns={**_STRIPE_COLUMNS, **_text("type", "api_version", "object_id", "previous_payload")},
        named_by=("id",),
    ),
    RawTable(
        asset=("raw_spend", "google_ads"),
        rhythm="file",
        columns={
            "spend_date": DATE,
            **_text("customer_id", "currency", "campaign_id"),
            **dict.fromkeys(("cost_micros", "clicks", "impressions"), INTEGER),
            **_text("conversions", "source_file"),
            "row_number": INTEGER,
        },
        named_by=("row_number",),
    ),
    RawTable(
        asset=("raw_spend", "costs"),
        rhythm="file",
        columns={
            **dict.fromkeys(("cost_date", "date_to"), DATE),
            **_text("channel", "vendor", "amount", "currency", "source_file"),
            "row_number": INTEGER,
        },
        named_by=("row_number",),
    ),
    RawTable(
        asset=("raw_spend", "wordpress_plugin"),
        rhythm="file",
        columns={
            "stat_date": DATE,
            "slug": TEXT,
            **dict.fromkeys(("active_installs", "downloads"), INTEGER),
            "source_file": TEXT,
            "row_number": INTEGER,
        },
        named_by=("row_number",),
    ),
    RawTable(
        asset=("raw_rates", "ecb"),
        rhythm="file",
        columns={"rate_date": DATE, **_text("currency", "rate", "source_file")},
        named_by=("rate_date", "currency"),
    ),
)
