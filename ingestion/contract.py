"""What a source promises: its tables, their columns and keys, and the one way every source is run.

Belongs here: types that sources, landing and orchestration share. Does not: anything that reads or writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ingestion.lake import Lake
from ingestion.manifest import Coverage, Manifest

INSTANT = pa.timestamp("us", tz="UTC")

# The shape of every quarantine.parquet: enough to find the row again, nothing personal.
QUARANTINE_SCHEMA = pa.schema([("key", pa.string()), ("reason", pa.string()), ("origin", pa.string())])


@dataclass(frozen=True, slots=True)
class TableContract:
    """One raw table: `raw_<source>/<name>/<partition_key>=…`, the Arrow schema that lands, and what a read covers."""

    source: str
    name: str
    partition_key: str
    schema: pa.Schema
    key_columns: tuple[str, ...]
    window: str
    schema_version: int = 1


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a person wants read again: a source, and the UTC days from `first` to `last`, both included.

    A source without days (folders of files) is read again whole: both are None.
    """

    source: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run: its id, the instant it takes for now (aware), a clock, and where to report progress.

    `wall_clock` is asked only by sources that must not read what is still being written; the instant alone goes into
    the data. `backfill`: what is due besides what every run reads.
    """

    run_id: str
    instant: datetime
    wall_clock: Callable[[], datetime]
    progress: Callable[[str], None]
    backfill: Backfill | None = None

    def __post_init__(self) -> None:
        if self.instant.tzinfo is None:
            message = f"run {self.run_id}: the run instant {self.instant} has no time zone; give it an offset"
            raise ValueError(message)

    @property
    def day(self) -> date:
        """UTC day of the run instant."""
        return self.instant.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class StagedPartition:
    """One partition written aside, verified, not yet landed. `manifest` is what its commit will say."""

    manifest: Manifest
    path: Path
    quarantine_path: Path | None

    @property
    def source(self) -> str:
        return self.manifest.source

    @property
    def table(self) -> str:
        return self.manifest.table

    @property
    def partition_key(self) -> str:
        return self.manifest.partition_key

    @property
    def partition_value(self) -> str:
        return self.manifest.partition_value

    @property
    def source_rows(self) -> int:
        return self.manifest.source_rows

    @property
    def landed_rows(self) -> int:
        return self.manifest.landed_rows

    @property
    def quarantined_rows(self) -> int:
        return self.manifest.quarantined_rows

    @property
    def quarantined_by_reason(self) -> Mapping[str, int]:
        return self.manifest.quarantined_by_reason

    @property
    def coverage(self) -> Coverage:
        return self.manifest.coverage

    @property
    def nulled_values(self) -> Mapping[str, int]:
        return self.manifest.nulled_values


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """Partitions that one source staged together, and what a person should be told about them.

    A settled batch holds history that no later read of the same run can contradict: it may land as soon as gate 1 has
    passed it, so that a long first load goes on where it was interrupted. All others land together or not at all.
    """

    source: str
    partitions: tuple[StagedPartition, ...]
    warnings: tuple[str, ...] = ()
    is_settled: bool = False


class Source(Protocol):
    """A source: named, with its tables, and one way to be run.

    `stage` reads the source and writes partitions aside, batch by batch; it replaces nothing. Settled batches come
    first, and one that is not settled comes last. It raises PermanentSourceError when a person must act,
    TransientSourceError when the source stayed unavailable through its bounded retries.
    """

    @property
    def name(self) -> str: ...

    @property
    def tables(self) -> tuple[TableContract, ...]: ...

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]: ...
