"""Claims about old folders: told by the weekdays that brought nothing, and only while somebody could be surprised."""

from __future__ import annotations

from datetime import date

import pytest

from ingestion.freshness import Freshness, weekdays_between

# A Thursday before Easter, the ECB's longest holiday.
MAUNDY_THURSDAY = date(2026, 4, 2)


@pytest.mark.parametrize(
    ("first", "last", "weekdays"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), 0),
        (date(2026, 11, 20), date(2026, 11, 19), 0),
        (date(2026, 11, 19), date(2026, 11, 20), 0),
        (date(2026, 11, 20), date(2026, 11, 23), 0),
        (date(2026, 11, 20), date(2026, 11, 24), 1),
        (date(2026, 11, 2), date(2026, 11, 30), 19),
    ],
)
def test_weekdays__are_counted_between_two_days_but_not_those(first: date, last: date, weekdays: int) -> None:
    assert weekdays_between(first, last) == weekdays


@pytest.mark.parametrize(
    ("today", "is_told"),
    [
        (date(2026, 4, 8), False),  # the Wednesday after, before the rates of that day
        (date(2026, 4, 9), True),
        (date(2026, 12, 31), True),
    ],
)
def test_rates__may_rest_over_easter_but_no_longer(today: date, is_told: bool) -> None:
    warning = Freshness("rate_date", weekdays=3).warning("rates.ecb", MAUNDY_THURSDAY, today)
    assert (warning is not None) == is_told
    assert warning is None or "the newest day is 2026-04-02" in warning


def test_channel__that_was_given_up_is_not_told_about_for_ever() -> None:
    freshness = Freshness("spend_date", weekdays=3, ended_after=10)
    days = [date(2026, 11, day) for day in range(2, 31)]
    told = [day for day in days if freshness.warning("spend.google_ads", date(2026, 10, 30), day)]
    assert (told[0], told[-1]) == (date(2026, 11, 6), date(2026, 11, 16))
