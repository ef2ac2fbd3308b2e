"""Anchors, local days and instants."""

from datetime import UTC, date, datetime

import pytest

from ingestion.simulator.clock import DAY, HOUR, add_months, local_date, local_midnight, unix


def test_month_end_anchor__is_clipped_and_comes_back() -> None:
    anchor = unix(datetime(2026, 1, 31, 10, tzinfo=UTC))
    assert [add_months(anchor, n) for n in (1, 2, 13)] == [
        unix(datetime(2026, 2, 28, 10, tzinfo=UTC)),
        unix(datetime(2026, 3, 31, 10, tzinfo=UTC)),
        unix(datetime(2027, 2, 28, 10, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_local_day__has_as_many_hours_as_the_clocks_give_it(day: date, hours: int) -> None:
    assert local_midnight(date.fromordinal(day.toordinal() + 1)) - local_midnight(day) == hours * HOUR
    assert DAY == 24 * HOUR


def test_naive_instants__are_refused() -> None:
    with pytest.raises(ValueError, match="carries no offset"):
        local_date(datetime(2026, 1, 1))  # noqa: DTZ001
