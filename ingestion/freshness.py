"""How old the newest day of a folder's rows may be, and how far ahead others may lie, before a person is told.

Belongs here: looking at the days that rows are dated by. Does not: how old is too old for which files (each source).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

# Rows dated ahead wait for their day. Two years are prepaid at most; beyond, a slip would wait in silence.
FAR_AHEAD = timedelta(days=731)

_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Freshness:
    """Rows are dated by `column`; more than `weekdays` Mondays to Fridays without any are worth a warning.

    Weekdays, because neither banks nor people write files at weekends. After `ended_after` weekdays the table has come
    to its end (a channel given up) and nobody is told any more; None: it never ends.
    """

    column: str
    weekdays: int
    ended_after: int | None = None

    def warning(self, label: str, newest: date, today: date) -> str | None:
        """One line when the days between `newest` and `today`, neither counted, are too many."""
        missed = weekdays_between(newest, today)
        if missed <= self.weekdays or (self.ended_after is not None and missed > self.ended_after):
            return None
        return f"{label}: the newest day is {newest}, {missed} weekdays ago; is the export still running?"


def weekdays_between(first: date, last: date) -> int:
    """Mondays to Fridays after `first` and before `last`."""
    days = range(1, (last - first).days)
    return sum((first + timedelta(days=n)).weekday() <= _FRIDAY for n in days)


def newest_day(files: Iterable[Path], column: str, until: date) -> date | None:
    """The newest date of a column in Parquet files, up to `until`: what is dated ahead says nothing about now."""
    newest: date | None = None
    for path in files:
        with pq.ParquetFile(path) as parquet:
            days = parquet.read(columns=[column])[column]
        day = pc.max(days.filter(pc.less_equal(days, until))).as_py()
        if day is not None and (newest is None or day > newest):
            newest = day
    return newest


def rows_after(file: Path, column: str, until: date) -> int:
    """How many rows of a Parquet file are dated after `until`."""
    with pq.ParquetFile(file) as parquet:
        days = parquet.read(columns=[column])[column]
    return pc.sum(pc.greater(days, until)).as_py() or 0
