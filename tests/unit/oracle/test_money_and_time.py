"""Rounding, rates, days and months of the oracle, by numbers from METRICS.md 0 and 1.4."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.clock import ReportingClock, add_months
from tests.oracle.inputs import Rate
from tests.oracle.money import Rates, minor_unit, money, percentile, ratio
from tests.oracle.spend import spread

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("exact", "expected"),
    [("0.00005", "0.0001"), ("-0.00005", "-0.0001"), ("0.000049999", "0.0000"), ("12.34565", "12.3457")],
)
def test_money__rounds_half_away_from_zero(exact: str, expected: str) -> None:
    assert money(Fraction(exact)) == Decimal(expected)


def test_ratio__is_unknown_over_zero() -> None:
    assert ratio(1, 0) is None
    assert ratio(2, 3) == Decimal("0.666667")


def test_percentile__is_continuous() -> None:
    assert percentile([1, 2, 10], Fraction(9, 10)) == Decimal("8.4000")
    assert percentile([], Fraction(1, 2)) is None


def test_minor_unit__follows_stripes_lists() -> None:
    assert [minor_unit(currency) for currency in ("EUR", "JPY", "KWD")] == [100, 1, 1000]


def test_rates__a_missing_day_takes_the_last_earlier_one_and_none_is_unknown() -> None:
    rates = Rates([Rate(date(2026, 1, 2), "USD", Decimal("1.25"))], "EUR")
    assert rates.convert(Decimal(10), "USD", date(2026, 1, 4)) == Decimal("8.0000")
    assert rates.convert(Decimal(10), "USD", date(2026, 1, 1)) is None
    assert rates.convert(Decimal(10), "SEK", date(2026, 1, 4)) is None


@pytest.mark.parametrize(
    ("run_at", "as_of", "hours"),
    [
        (datetime(2026, 3, 30, 1, tzinfo=UTC), date(2026, 3, 29), 23),
        (datetime(2025, 10, 27, 1, tzinfo=UTC), date(2025, 10, 26), 25),
        # Exactly at local midnight the day before is complete.
        (datetime(2026, 5, 13, 22, tzinfo=UTC), date(2026, 5, 13), 24),
        (datetime(2026, 5, 13, 21, 59, 59, tzinfo=UTC), date(2026, 5, 12), 24),
    ],
)
def test_clock__the_last_complete_day_has_its_own_length(run_at: datetime, as_of: date, hours: int) -> None:
    clock = ReportingClock(run_at, BERLIN)
    assert clock.as_of_date == as_of
    assert (clock.end_of(as_of) - clock.start_of(as_of)).total_seconds() == hours * 3600


def test_add_months__clips_to_the_months_length() -> None:
    assert add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 31), 13) == date(2027, 2, 28)


def test_spread__gives_the_cents_to_the_first_days_and_adds_up() -> None:
    parts = [amount for _, amount in spread(date(2026, 1, 1), date(2026, 1, 3), Decimal("-10.00"))]
    assert parts == [Fraction("-3.34"), Fraction("-3.33"), Fraction("-3.33")]
