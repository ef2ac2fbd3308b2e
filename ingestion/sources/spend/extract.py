"""Reading spend files, a row at a time.

Belongs here: what makes a row readable, and which of its values land. Does not: which files are due (files), text
format (delimited).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from ingestion.contract import RunContext, StagedBatch, TableContract
from ingestion.delimited import DelimitedFile, Row, parse_count, parse_date, parse_decimal
from ingestion.files import FileTable, Landed, Rejected, stage_folder
from ingestion.lake import Lake
from ingestion.privacy import is_impersonal
from ingestion.sources.spend.contract import (
    COSTS,
    COSTS_HEADER,
    GOOGLE_ADS,
    GOOGLE_ADS_HEADER,
    SOURCE,
    WORDPRESS_PLUGIN,
    WORDPRESS_PLUGIN_HEADER,
)

_CURRENCY = re.compile(r"[A-Za-z]{3}")
_CAMPAIGN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SpendSource:
    """A folder of `google_ads_*.csv`, `costs_*.csv` and `wordpress_plugin_*.csv`."""

    name = SOURCE
    tables: tuple[TableContract, ...] = (GOOGLE_ADS, COSTS, WORDPRESS_PLUGIN)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        yield stage_folder(
            lake,
            run,
            self._folder,
            "NETVEXA_SPEND_DIR",
            (
                FileTable(GOOGLE_ADS, "google_ads_", GOOGLE_ADS_HEADER, read_google_ads),
                FileTable(COSTS, "costs_", COSTS_HEADER, read_cost),
                FileTable(WORDPRESS_PLUGIN, "wordpress_plugin_", WORDPRESS_PLUGIN_HEADER, read_plugin_volume),
            ),
        )


def read_google_ads(file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    values = row.values
    campaign = values["campaign.id"] if _CAMPAIGN.fullmatch(values["campaign.id"]) else None
    spend_date = parse_date(values["segments.date"])
    micros = parse_count(values["metrics.cost_micros"])
    reason = None
    if spend_date is None:
        reason = "date is unreadable"
    elif not campaign:
        reason = "campaign id is unreadable"
    elif not _CURRENCY.fullmatch(values["customer.currency_code"]):
        reason = "currency is unreadable"
    elif micros is None:
        reason = "cost_micros is unreadable"
    elif micros < 0:
        reason = "cost_micros is below 0"
    if reason is not None:
        yield Rejected(reason, key=campaign)
        return
    counts = {name: parse_count(values[f"metrics.{name}"]) for name in ("clicks", "impressions")}
    conversions = parse_decimal(values["metrics.conversions"], decimal_comma=file.decimal_comma)
    measured = {**counts, "conversions": None if conversions is None else plain(conversions)}
    customer = values["customer.id"] if _CAMPAIGN.fullmatch(values["customer.id"]) else None
    nulled = [name for name, value in measured.items() if value is None and values[f"metrics.{name}"]]
    if customer is None and values["customer.id"]:
        nulled.append("customer_id")
    yield Landed(
        {
            "spend_date": spend_date,
            "customer_id": customer,
            "currency": values["customer.currency_code"].upper(),
            "campaign_id": campaign,
            "cost_micros": micros,
            **measured,
        },
        nulled=tuple(nulled),
    )


def read_cost(file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    values = row.values
    cost_date, date_to = parse_date(values["date"]), parse_date(values.get("date_to", ""))
    amount = parse_decimal(values["amount"], decimal_comma=file.decimal_comma)
    reason = None
    if cost_date is None:
        reason = "date is unreadable"
    elif values.get("date_to") and date_to is None:
        reason = "date_to is unreadable"
    elif date_to is not None and date_to < cost_date:
        reason = "date_to is before date"
    elif amount is None:
        reason = "amount is unreadable"
    elif not _CURRENCY.fullmatch(values["currency"]):
        reason = "currency is unreadable"
    if reason is not None or amount is None:
        yield Rejected(reason or "amount is unreadable")
        return
    labels = {name: values[name] if is_impersonal(values[name]) else None for name in ("channel", "vendor")}
    yield Landed(
        {
            "cost_date": cost_date,
            "date_to": date_to,
            **labels,
            "amount": plain(amount),
            "currency": values["currency"].upper(),
        },
        nulled=tuple(name for name, label in labels.items() if label is None and values[name]),
    )


def read_plugin_volume(_file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    values = row.values
    stat_date = parse_date(values["date"])
    if stat_date is None:
        yield Rejected("date is unreadable")
    elif not is_impersonal(values["slug"]):
        yield Rejected("slug is unreadable")
    else:
        counts = {name: parse_count(values[name]) for name in ("active_installs", "downloads")}
        nulled = tuple(name for name, count in counts.items() if count is None and values[name])
        yield Landed({"stat_date": stat_date, "slug": values["slug"], **counts}, nulled)


def plain(number: Decimal) -> str:
    """The number as text without exponent, as it was written but for its grouping."""
    return f"{number:f}"
