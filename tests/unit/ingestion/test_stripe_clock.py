"""When this machine's clock and Stripe's are too far apart for what is read to be dated right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingestion.retry import PermanentSourceError
from ingestion.sources.stripe.clock import check_clock

NOW = datetime(2026, 3, 13, 3, tzinfo=UTC)


def stated(apart: timedelta) -> str:
    return format_datetime(NOW - apart, usegmt=True)


@pytest.mark.parametrize(
    ("apart", "told"),
    [
        (timedelta(days=1), "2026-03-13 03:00 UTC, Stripe's 2026-03-12 03:00.*too late"),
        (timedelta(days=-1), "2026-03-13 03:00 UTC, Stripe's 2026-03-14 03:00.*too early"),
        (timedelta(minutes=21), "02:39.*too late"),
    ],
)
def test_clock_far_from_stripes__stops_the_run_and_tells_both(apart: timedelta, told: str) -> None:
    with pytest.raises(PermanentSourceError, match=told) as failure:
        check_clock(stated(apart), NOW)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("header", [None, "", "soon", stated(timedelta(minutes=20)), stated(timedelta(minutes=-20))])
def test_clock_near_stripes__or_unstated_is_taken_as_right(header: str | None) -> None:
    assert check_clock(header, NOW) is None  # type: ignore[func-returns-value]
