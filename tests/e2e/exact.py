"""Money and calendar of the truth, in Decimal and Python's own time zones, apart from the warehouse's SQL.

Belongs here: rounding, exchange rates as the ECB's file gives them, local days. Does not: what is converted or dated.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
ZERO = Decimal("0.0000")
INSTANT = timedelta(microseconds=1)
_PLACES = Decimal("0.0001")
_WIDE = Context(prec=60)


def to_places(value: Decimal) -> Decimal:
    """To 4 decimals, half away from zero."""
    return value.quantize(_PLACES, rounding=ROUND_HALF_UP, context=_WIDE)


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


def next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
