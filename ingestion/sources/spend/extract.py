"""Reading spend files, a row at a time.

Belongs here: what makes a row readable, and which of its values land. Does not: which files are due (files), text
format (delimited), how a cell is written (cells).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from ingestion.cells import parse_count, parse_date, parse_decimal, plain_text
from ingestion.delimited import DelimitedFile, Row
from ingestion.files import FileTable, FolderSource, Landed, Rejected
from ingestion.privacy import is_impersonal, is_plain_id
from ingestion.sources.spend.contract import (
    COSTS,
    COSTS_FRESHNESS,
    COSTS_HEADER,
    FIRST_DAY,
    GOOGLE_ADS,
    GOOGLE_ADS_FRESHNESS,
    GOOGLE_ADS_HEADER,
    LARGEST_AMOUNT,
    LARGEST_VOLUME,
    LAST_DAY,
    LONGEST_PERIOD_DAYS,
    SOURCE,
    WORDPRESS_PLUGIN,
    WORDPRESS_PLUGIN_FRESHNESS,
    WORDPRESS_PLUGIN_HEADER,
)

_CURRENCY = re.compile(r"[A-Za-z]{3}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MICROS = 1_000_000


def read_google_ads(file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    """One campaign's day: its cost must be readable, its volumes land where they are."""
    values = row.values
    campaign = _plain_id(values["campaign.id"])
    spend_date = parse_date(values["segments.date"])
    micros = parse_count(values["metrics.cost_micros"], file.decimal_sign)
    reason = _date_fault(spend_date)
    if reason is None and campaign is None:
        reason = "campaign id is unreadable"
    elif reason is None and not _CURRENCY.fullmatch(values["customer.currency_code"]):
        reason = "currency is unreadable"
    elif reason is None and micros is None:
        reason = "cost_micros is unreadable"
    elif reason is None and micros is not None and micros < 0:
        reason = "cost_micros is below 0"
    elif reason is None and micros is not None and micros > LARGEST_AMOUNT * _MICROS:
        reason = "cost_micros is absurd"
    if reason is not None:
        yield Rejected(reason, key=campaign)
        return
    counts = {name: _volume(values[f"metrics.{name}"], file) for name in ("clicks", "impressions")}
    conversions = parse_decimal(values["metrics.conversions"], file.decimal_sign)
    if conversions is not None and not 0 <= conversions <= LARGEST_VOLUME:
        conversions = None
    measured = {**counts, "conversions": None if conversions is None else plain_text(conversions)}
    customer = _plain_id(values["customer.id"])
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
    """One bill, or below 0 a credit, over a day or a period."""
    values = row.values
    period_end = values.get("date_to", "")
    cost_date, date_to = parse_date(values["date"]), parse_date(period_end)
    amount = parse_decimal(values["amount"], file.decimal_sign)
    reason = _date_fault(cost_date) or _period_fault(cost_date, date_to, period_end)
    if reason is None and amount is not None and abs(amount) > LARGEST_AMOUNT:
        reason = "amount is absurd"
    elif reason is None and amount is not None and not _CURRENCY.fullmatch(values["currency"]):
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
            "amount": plain_text(amount),
            "currency": values["currency"].upper(),
        },
        nulled=tuple(name for name, label in labels.items() if label is None and values[name]),
    )


def read_plugin_volume(file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    """One day's volumes of a plugin; they cost nothing."""
    values = row.values
    stat_date = parse_date(values["date"])
    reason = _date_fault(stat_date)
    if reason is None and not is_impersonal(values["slug"]):
        reason = "slug is unreadable"
    if reason is not None:
        yield Rejected(reason)
        return
    counts = {name: _volume(values[name], file) for name in ("active_installs", "downloads")}
    nulled = tuple(name for name, count in counts.items() if count is None and values[name])
    yield Landed({"stat_date": stat_date, "slug": values["slug"], **counts}, nulled)


def _plain_id(text: str) -> str | None:
    return text if _ID.fullmatch(text) and is_plain_id(text) else None


def _date_fault(day: date | None) -> str | None:
    if day is None:
        return "date is unreadable"
    return None if FIRST_DAY <= day <= LAST_DAY else "date is absurd"


def _period_fault(first: date | None, last: date | None, written: str) -> str | None:
    if last is None:
        return "date_to is unreadable" if written else None
    if first is not None and last < first:
        return "date_to is before date"
    if first is not None and (last - first).days >= LONGEST_PERIOD_DAYS:
        return "date_to is absurd"
    return None


def _volume(text: str, file: DelimitedFile) -> int | None:
    count = parse_count(text, file.decimal_sign)
    return count if count is not None and 0 <= count <= LARGEST_VOLUME else None


class SpendSource(FolderSource):
    """A folder of `google_ads_*.csv`, `costs_*.csv` and `wordpress_plugin_*.csv`."""

    name = SOURCE
    setting = "NETVEXA_SPEND_DIR"
    kinds = (
        FileTable(GOOGLE_ADS, "google_ads_", GOOGLE_ADS_HEADER, read_google_ads, GOOGLE_ADS_FRESHNESS),
        FileTable(COSTS, "costs_", COSTS_HEADER, read_cost, COSTS_FRESHNESS),
        FileTable(
            WORDPRESS_PLUGIN,
            "wordpress_plugin_",
            WORDPRESS_PLUGIN_HEADER,
            read_plugin_volume,
            WORDPRESS_PLUGIN_FRESHNESS,
        ),
    )
