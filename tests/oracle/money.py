"""Exact money: rounding, minor units, and conversion at the rate of a day (METRICS 0 and 1.4).

Belongs here: numbers and rates. Does not: prices or what is summed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.oracle.inputs import Rate

# Stripe's lists of currencies with no and with three decimals.
ZERO_DECIMAL = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def rounded(value: Fraction | int | Decimal, places: int) -> Decimal:
    """Half away from zero, once."""
    scaled = Fraction(value) * 10**places
    magnitude = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(magnitude if scaled >= 0 else -magnitude).scaleb(-places)


def money(value: Fraction | int | Decimal) -> Decimal:
    return rounded(value, 4)


def ratio(numerator: Fraction | int | Decimal, denominator: Fraction | int | Decimal) -> Decimal | None:
    """A plain fraction to 6 decimals, None when the denominator is 0."""
    return rounded(Fraction(numerator) / Fraction(denominator), 6) if denominator else None


def quotient(numerator: Fraction | int | Decimal, denominator: Fraction | int | Decimal) -> Decimal | None:
    """A quotient that is no ratio, to 4 decimals, None when the denominator is 0."""
    return rounded(Fraction(numerator) / Fraction(denominator), 4) if denominator else None


def percentile(values: Iterable[Fraction | Decimal | int], share: Fraction) -> Decimal | None:
    """Continuous percentile to 4 decimals, None of nothing."""
    ordered = sorted(Fraction(value) for value in values)
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return rounded(ordered[below] + (ordered[above] - ordered[below]) * (position - below), 4)


def minor_unit(currency: str) -> int:
    """How many of Stripe's smallest units make one unit of the currency (upper case)."""
    if currency in ZERO_DECIMAL:
        return 1
    return 1000 if currency in THREE_DECIMAL else 100


class Rates:
    """Rates of every day: a missing day takes the last earlier rate, a day before the first has none."""

    def __init__(self, rates: Iterable[Rate], reporting_currency: str) -> None:
        self._base = reporting_currency
        series: dict[str, dict[date, Decimal]] = defaultdict(dict)
        for rate in rates:
            series[rate.currency.upper()][rate.rate_date] = rate.rate
        self._days: Mapping[str, list[date]] = {currency: sorted(days) for currency, days in series.items()}
        self._rates = series

    def _per_eur(self, currency: str, day: date) -> Fraction | None:
        if currency == "EUR":
            return Fraction(1)
        known = self._days.get(currency, [])
        position = bisect_right(known, day)
        return Fraction(self._rates[currency][known[position - 1]]) if position else None

    def convert(self, amount: Decimal | Fraction, currency: str, day: date) -> Decimal | None:
        """An amount in the reporting currency at that day's rate, rounded to 4 decimals; None without a rate."""
        of, to = self._per_eur(currency, day), self._per_eur(self._base, day)
        return None if of is None or to is None else money(Fraction(amount) * to / of)
