"""Hypothesis strategies for days and instants at which rules of time break: midnights, DST, ends of months and years.

Belongs here: chance about time. Does not: what happens then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")
Draw = Callable[[st.SearchStrategy[Any]], Any]

# Nights after which something is over: a month, a year, a day of 23 or 25 hours; and plain ones. Each at one second
# of the day: midnight itself, three in the morning, the very last.
RUNS = st.sampled_from(
    [
        *((date(2026, 4, 1), 10_800), (date(2026, 3, 29), 86_399), (date(2026, 3, 30), 10_800), (date(2026, 1, 1), 0)),
        *(
            (date(2025, 11, 1), 10_800),
            (date(2025, 10, 27), 0),
            (date(2026, 3, 1), 86_399),
            (date(2026, 5, 14), 10_800),
        ),
        (date(2026, 6, 30), 86_399),
    ]
)
# Local seconds after midnight: midnight itself, a second around it, the hours DST takes or gives, noon.
SECONDS = st.one_of(
    st.sampled_from([0, 0, 0, 1, 86_399, 7_199, 7_200, 10_800, 43_200]), st.integers(min_value=0, max_value=86_399)
)
WORLD_DAYS = 130
DST_DAYS = (date(2025, 10, 26), date(2026, 3, 29))


def local(day: date, seconds: int) -> int:
    """Epoch seconds of a local time of day."""
    return int((datetime.combine(day, datetime.min.time(), BERLIN) + timedelta(seconds=seconds)).timestamp())


@st.composite
def moments(draw: Draw, run_day: date, first_days_ago: int = WORLD_DAYS) -> int:
    """An instant in the life of a world; ends of months are nearly as likely as all else."""
    day = run_day - timedelta(days=draw(st.integers(min_value=0, max_value=first_days_ago)))
    match draw(st.integers(min_value=0, max_value=9)):
        case 0 | 1 | 2 | 3:
            day = day.replace(day=1)
        case 4:
            # The nearest day of 23 or 25 hours, where there is one.
            changed = [d for d in DST_DAYS if timedelta() < run_day - d <= timedelta(days=first_days_ago)]
            day = changed[-1] if changed else day
    return local(day, draw(SECONDS))
