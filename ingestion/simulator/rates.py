"""Reference exchange rates as the ECB publishes them: business days only, units of currency per euro.

A seeded walk, exact to the digits published. Nothing here converts anything.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ingestion.simulator.clock import days_between
from ingestion.simulator.randomness import stream

CURRENCIES = ("USD", "JPY", "BGN", "CZK", "DKK", "GBP", "HUF", "PLN", "SEK", "CHF", "TRY")
_OPENING = ("1.0870", "162.40", "1.9558", "25.12", "7.4590", "0.8540", "395.20", "4.2750", "11.2600", "0.9560", "38.10")
_LEAD_DAYS = 14
WEEKEND = (5, 6)
# Bulgaria took the euro: the column stays, without rates.
LEV_ENDS = date(2026, 1, 1)


@dataclass(frozen=True)
class RateDay:
    """The rates of one business day; None where the ECB prints N/A."""

    day: date
    rates: tuple[Decimal | None, ...]


def rate_history(seed: int, start: date, end: date) -> list[RateDay]:
    """Rates from two weeks before `start` to `end` (exclusive), oldest first."""
    current = [Decimal(rate) for rate in _OPENING]
    days = []
    for day in days_between(start - timedelta(days=_LEAD_DAYS), end):
        if day.weekday() in WEEKEND or _is_closed(day):
            continue
        rng = stream(seed, "rates", day)
        for index, rate in enumerate(current):
            step = Decimal(rng.randint(-45, 45)) / 10_000
            if CURRENCIES[index] not in {"BGN", "DKK"}:
                current[index] = (rate * (1 + step)).quantize(Decimal(_OPENING[index]))
        lev = None if day >= LEV_ENDS else current[2]
        days.append(RateDay(day, (*current[:2], lev, *current[3:])))
    return days


def _is_closed(day: date) -> bool:
    if (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}:
        return True
    easter = _easter(day.year)
    return day in {easter - timedelta(days=2), easter + timedelta(days=1)}


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous algorithm)."""
    century, golden = year // 100, year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - epact - year % 100 % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
