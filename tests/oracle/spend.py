"""What acquisition cost, a day, channel and vendor: `fct_spend_daily` (METRICS 1.3, 2.3).

Belongs here: files' rows to days in EUR. Does not: who came for it (acquisition).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.clock import ReportingClock
from tests.oracle.inputs import Inputs, Row
from tests.oracle.money import Rates, rounded

CENTS = 100


@dataclass(frozen=True)
class Spending:
    """One CSV row's part of one day. `eur` is None without a rate; counts are None where nobody reports them."""

    day: date
    channel: str
    vendor: str | None
    amount: Fraction
    eur: Decimal | None
    clicks: int | None = None
    impressions: int | None = None
    conversions: Fraction | None = None


def fct_spend_daily(inputs: Inputs) -> list[Row]:
    clock = ReportingClock.of(inputs)
    rates = Rates(inputs.rates, inputs.reporting_currency)
    groups: dict[tuple[date, str, str | None], list[Spending]] = defaultdict(list)
    for part in (*_google_ads(inputs, rates), *_costs(inputs, rates)):
        if part.day <= clock.as_of_date:
            groups[part.day, part.channel, part.vendor].append(part)
    rows = (_day(key, parts) for key, parts in groups.items())
    return [row for row in rows if row is not None]


def _google_ads(inputs: Inputs, rates: Rates) -> Iterator[Spending]:
    """Per day, customer and campaign the row of the file with the greatest name wins."""
    restated: dict[tuple[date, str, str], Row] = {}
    for row in sorted(inputs.google_ads, key=lambda row: (row["source_file"], row["row_number"])):
        restated[row["spend_date"], row["customer_id"], row["campaign_id"]] = row
    for row in restated.values():
        amount = Fraction(row["cost_micros"], 1_000_000)
        yield Spending(
            day=row["spend_date"],
            channel="google_ads",
            vendor="google_ads",
            amount=amount,
            eur=rates.convert(amount, row["currency"], row["spend_date"]),
            clicks=row["clicks"],
            impressions=row["impressions"],
            conversions=None if row["conversions"] is None else Fraction(row["conversions"]),
        )


def _costs(inputs: Inputs, rates: Rates) -> Iterator[Spending]:
    listed = {channel["channel"] for channel in inputs.seeds.channels}
    for row in inputs.costs:
        channel = row["channel"] if row["channel"] in listed else "other"
        for day, amount in spread(row["cost_date"], row["date_to"] or row["cost_date"], Decimal(row["amount"])):
            yield Spending(day, channel, row["vendor"], amount, rates.convert(amount, row["currency"], day))


def spread(first: date, last: date, amount: Decimal) -> Iterator[tuple[date, Fraction]]:
    """An amount evenly over days, cents going to the first days, so that the sum is exact."""
    number = (last - first).days + 1
    if number == 1:
        yield first, Fraction(amount)
        return
    cents = int(abs(amount) * CENTS)
    sign = -1 if amount < 0 else 1
    for position in range(number):
        part = cents // number + (position < cents % number)
        yield first + timedelta(days=position), Fraction(sign * part, CENTS)


def _day(key: tuple[date, str, str | None], parts: Sequence[Spending]) -> Row | None:
    """None where nothing is not zero; what has no rate is kept."""
    eur = [part.eur for part in parts if part.eur is not None]
    clicks = [part.clicks for part in parts if part.clicks is not None]
    impressions = [part.impressions for part in parts if part.impressions is not None]
    conversions = [part.conversions for part in parts if part.conversions is not None]
    unrated = len(eur) < len(parts)
    if not (unrated or sum(eur) or sum(clicks) or sum(impressions) or sum(conversions)):
        return None
    return {
        "spend_date": key[0],
        "channel": key[1],
        "vendor": key[2],
        "spend_eur": sum(eur, Decimal(0)) if eur else None,
        "clicks": sum(clicks) if clicks else None,
        "impressions": sum(impressions) if impressions else None,
        "conversions_reported": rounded(sum(conversions, Fraction(0)), 6) if conversions else None,
    }
