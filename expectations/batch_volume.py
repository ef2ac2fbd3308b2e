"""Gate 1: what a partition's rows may fairly be compared with.

Belongs here: the choice of the partitions in the lake that a staged one is held against. Does not belong here: the
limits (thresholds), the claims and the counts (batch_baseline).

Fair is: the partition it replaces; for a whole list the newest whole list before; for a day that has just become whole
the same weekday of the weeks before, at the level that a person has accepted since. A day of long ago is judged by
nobody but its own earlier reading, for what it was cannot be helped. A file is restated by its author, who may well
take rows back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from statistics import median

from expectations.raw_tables import RawTable, Rhythm
from expectations.report import BatchFile, PartitionCount
from expectations.thresholds import VOLUME_MIN_WEEKS, VOLUME_WEEKS

Landed = Mapping[str, PartitionCount]


def landed_before(previous: Iterable[PartitionCount], table: RawTable) -> dict[str, PartitionCount]:
    """The table's partitions in the lake, by partition value."""
    return {count.partition_value: count for count in previous if count.asset == table.asset}


def rows_replaced(batch: BatchFile, landed: Landed, rhythm: Rhythm) -> int:
    """Rows whose place the batch takes: of the same partition, or of the whole list before; 0 when there are none."""
    if batch.partition_value in landed:
        return landed[batch.partition_value].landed_rows
    return (_list_before(batch, landed) or 0) if rhythm == "snapshot" and batch.is_whole else 0


def rows_expected(batch: BatchFile, landed: Landed, rhythm: Rhythm, min_ratio: float) -> float | None:
    """Rows to be expected in this partition, None when there is nothing to compare it with fairly.

    min_ratio: the share of the usual rows below which a day lands only if a person accepts it.
    """
    if rhythm == "file":
        return None
    replaced = landed.get(batch.partition_value)
    known = [float(replaced.landed_rows) if replaced else None]
    # What was whole before has been judged on its own night, and accepted if it was low.
    if batch.is_whole and not (replaced and replaced.is_whole):
        known.append(_usual_day(batch, landed, min_ratio) if rhythm == "flow" else _list_before(batch, landed))
    return max((rows for rows in known if rows is not None), default=None)


def _list_before(batch: BatchFile, landed: Landed) -> int | None:
    earlier = [value for value, count in landed.items() if value < batch.partition_value and count.is_whole]
    return landed[max(earlier)].landed_rows if earlier else None


def _usual_day(batch: BatchFile, landed: Landed, min_ratio: float) -> float | None:
    if batch.is_history:
        return None
    day = date.fromisoformat(batch.partition_value)
    usual = _weekday_median(day, landed)
    day_before, usual_before = (
        landed.get(str(day - timedelta(days=1))),
        _weekday_median(day - timedelta(days=1), landed),
    )
    if usual is None or day_before is None or not usual_before or not day_before.is_whole:
        return usual
    # A day this low has landed because a person looked, or as history: the days after it are held against its level,
    # or they would all be refused until the weeks have forgotten. A day without a row has no level.
    level = day_before.landed_rows / usual_before
    return usual * level if 0 < level < min_ratio else usual


def _weekday_median(day: date, landed: Landed) -> float | None:
    weeks = (landed.get(str(day - timedelta(weeks=week))) for week in range(1, VOLUME_WEEKS + 1))
    rows = [count.landed_rows for count in weeks if count and count.is_whole]
    return float(median(rows)) if len(rows) >= VOLUME_MIN_WEEKS else None
