"""A fold into the lake, and the folded days out of it, in an order that a kill cannot harm.

Belongs here: writing `raw_folded`, removing partitions of events. Does not: making the sums (dbt), choosing the days
(orchestration).

A day has left when `raw_folded/days` says so: from then on nobody reads its events, whether they are removed already or
not, and the sums count. Before that nobody reads the sums. Days are said to have left one by one, oldest first; what of
a fold lies in a day that leaves later is written down for that day like for one that stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.contract import RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.folding.contract import (
    AGENT_DAYS,
    DAYS,
    DELIVERIES,
    EVENT_COUNTS,
    PARTITION_KEY,
    SOURCE,
    TRIAL_EVENTS,
)
from ingestion.lake import DATA_FILE, Lake
from ingestion.landing import commit, discard, read_manifests, remove
from ingestion.manifest import Manifest
from ingestion.sources.app.contract import EVENTS
from ingestion.staging import PartitionWriter, Provenance

_ORIGIN = Provenance("raw_app.events, summed up")


@dataclass(frozen=True, slots=True)
class Fold:
    """The sums of some days of events: each table as its contract has it, and `received_date` beside its columns.

    deliveries: those that lie in a later day than the one they are folded with; all others leave with it.
    """

    days: pa.Table
    agent_days: pa.Table
    trial_events: pa.Table
    event_counts: pa.Table
    deliveries: pa.Table


def land_fold(lake: Lake, run: RunContext, fold: Fold) -> None:
    """Commit a fold; a fold of the same days that was interrupted is replaced.

    Raises OSError when the disk does not give back what was written; the days that had left by then have left.
    """
    folded_dates = fold.days[PARTITION_KEY].unique()
    tables: Mapping[str, tuple[TableContract, pa.Table]] = {
        "agent_days": (AGENT_DAYS, fold.agent_days),
        "trial_events": (TRIAL_EVENTS, fold.trial_events),
        "event_counts": (EVENT_COUNTS, fold.event_counts),
        "deliveries": (DELIVERIES, _with_earlier(lake, fold.deliveries, folded_dates)),
    }
    try:
        sums = [part for contract, rows in tables.values() for part in _staged(lake, run, contract, rows)]
        days = list(_staged(lake, run, DAYS, fold.days))
        commit(lake, StagedBatch(SOURCE, tuple(sums)))
        for day in days:
            commit(lake, StagedBatch(SOURCE, (day,)))
    finally:
        discard(lake, run.run_id)


def folded_days(lake: Lake) -> list[date]:
    """The days of events that have left, oldest first."""
    return sorted(date.fromisoformat(day.partition_value) for day in read_manifests(lake, SOURCE, DAYS.name))


def newest_folded_day(lake: Lake) -> date | None:
    """The newest day of events that has left; no day up to it ever lands again. None before the first."""
    return max(folded_days(lake), default=None)


def remove_folded_days(lake: Lake) -> list[Manifest]:
    """Remove the events of days that have left, and what was written down of them while they stayed.

    Returns the removed days of events. An interrupted removal is finished by the next call.
    """
    left = {day.isoformat() for day in folded_days(lake)}
    events = [day for day in read_manifests(lake, EVENTS.source, EVENTS.name) if day.partition_value in left]
    deliveries = [day for day in read_manifests(lake, SOURCE, DELIVERIES.name) if day.partition_value in left]
    for partition in (*events, *deliveries):
        remove(lake, partition)
    return events


def _with_earlier(lake: Lake, new: pa.Table, folded_dates: pa.Array) -> pa.Table:
    """The deliveries to write down, with those that earlier folds wrote down for the same days."""
    tables = [new]
    for day in new[PARTITION_KEY].unique().to_pylist():
        path = lake.partition(SOURCE, DELIVERIES.name, PARTITION_KEY, day) / DATA_FILE
        if path.is_file():
            with pq.ParquetFile(path) as file:
                earlier = file.read()
            earlier = earlier.filter(pc.invert(pc.is_in(earlier["folded_date"], folded_dates.cast(pa.string()))))
            tables.append(earlier.append_column(PARTITION_KEY, pa.array([day] * earlier.num_rows, pa.string())))
    return pa.concat_tables([table.select([*DELIVERIES.schema.names, PARTITION_KEY]) for table in tables])


def _staged(lake: Lake, run: RunContext, contract: TableContract, rows: pa.Table) -> Iterator[StagedPartition]:
    """One partition for each day that has rows, in the order of all columns: the same rows give the same bytes."""
    columns = contract.schema.names
    ordered = rows.sort_by([(name, "ascending") for name in (PARTITION_KEY, *columns)])
    for day in _distinct(ordered[PARTITION_KEY]):
        of_day = ordered.filter(pc.equal(ordered[PARTITION_KEY], day)).select(columns)
        with PartitionWriter(lake, run, contract, day, _ORIGIN) as writer:
            writer.write(of_day.cast(contract.schema))
            yield writer.finish()


def _distinct(values: pa.ChunkedArray) -> Iterable[str]:
    days: list[str] = values.unique().to_pylist()
    return days
