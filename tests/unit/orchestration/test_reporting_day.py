"""The last complete local day."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from orchestration.lib.reporting_day import as_of_date
from orchestration.settings import Settings

SETTINGS = Settings(_env_file=None)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-11-22T02:00:00+00:00", date(2026, 11, 21)),
        # Local midnight itself belongs to the new day: the one before it is complete.
        ("2026-11-21T23:00:00+00:00", date(2026, 11, 21)),
        ("2026-11-21T22:59:59+00:00", date(2026, 11, 20)),
        # In summer midnight comes an hour earlier in UTC.
        ("2026-07-09T22:00:00+00:00", date(2026, 7, 9)),
        # The day of 25 hours: 00:30 UTC on 25 October is 02:30 the first time.
        ("2026-10-25T22:59:59+00:00", date(2026, 10, 24)),
        ("2026-10-25T23:00:00+00:00", date(2026, 10, 25)),
    ],
)
def test_as_of_date__is_the_last_complete_local_day(instant: str, expected: date) -> None:
    assert as_of_date(SETTINGS, datetime.fromisoformat(instant)) == expected
