"""Money, quotients and calendar of the truth, in exact numbers and Python's own time zones, apart from SQL.

Belongs here: rounding, exchange rates as the ECB's file gives them, local days. Does not: what is converted or dated.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
Exact = int | Decimal | Fraction
DAY = timedelta(days=1)
ZERO = Decimal("0.0000")
INSTANT = timedelta(microseconds=1)
_PLACES = Decimal("0.0001")
_WIDE = Context(prec=60)


def to_places(value: Decimal) -> Decimal:
    """To 4 decimals, half away from zero."""
    return value.quantize(_PLACES, rounding=ROUND_HALF_UP, context=_WIDE)


def quotient(numerator: Exact, denominator: Exact, places: int = 4) -> Decimal | None:
    """Divided exactly and rounded once, half away from zero; None over zero."""
    if not denominator:
        return None
    scaled = Fraction(numerator) / Fraction(denominator) * 10**places
    size = int(abs(scaled) + Fraction(1, 2))
    return Decimal(size if scaled >= 0 else -size).scaleb(-places)


def ratio(numerator: Exact, denominator: Exact) -> Decimal | None:
    """A plain fraction to 6 decimals; None over zero."""
    return quotient(numerator, denominator, 6)


def percentile(values: Collection[Exact], tenths: int) -> Decimal | None:
    """The continuous percentile, between the two values next to it, to 4 decimals; None over nothing."""
    if not values:
        return None
    ordered = sorted(Fraction(value) for value in values)
    place = Fraction(tenths * (len(ordered) - 1), 10)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return quotient(ordered[below] + (place - below) * (ordered[above] - ordered[below]), 1)


@dataclass(frozen=True)
class Rates:
    """Units of a currency per EUR, by the day they were published on."""

    published: dict[str, tuple[list[date], list[Decimal]]]

    @classmethod
    def of(cls, folder: Path) -> Rates:
        """From the folder's one file in the ECB's layout, newest day first."""
        with (folder / "eurofxref-hist.csv").open(encoding="utf-8", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["Date"])
        published: dict[str, tuple[list[date], list[Decimal]]] = defaultdict(lambda: ([], []))
        for row in rows:
            for currency, rate in row.items():
                if len(currency) == 3 and rate != "N/A":
                    published[currency][0].append(date.fromisoformat(row["Date"]))
                    published[currency][1].append(Decimal(rate))
        return cls(dict(published))

    def eur(self, amount: Decimal, currency: str, day: date) -> Decimal:
        """The amount in EUR at the rate of that day, or of the last day before it that had one."""
        if currency == "EUR":
            return to_places(amount)
        days, rates = self.published[currency]
        return to_places(_WIDE.divide(amount, rates[bisect_right(days, day) - 1]))


def local_day(instant: datetime) -> date:
    return instant.astimezone(BERLIN).date()


def midnight(day: date) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def previous_month(month: date) -> date:
    return (month.replace(day=1) - DAY).replace(day=1)


def month_before(day: date) -> date:
    """The same day a month earlier, clipped to that month's length."""
    month = previous_month(day)
    return month.replace(day=min(day.day, monthrange(month.year, month.month)[1]))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def every_day(first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
