"""What a source promises: its tables, their columns and keys, and the one way every source is run.

Belongs here: types that sources, landing and orchestration share. Does not: anything that reads or writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ingestion.lake import Lake
from ingestion.manifest import Manifest

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
class RunContext:
    """One run: its id, the instant it takes for now (aware), a clock, and where to report progress.

    `wall_clock` is asked only by sources that must not read what is still being written; the instant alone goes into
    the data.
    """

    run_id: str
    instant: datetime
    wall_clock: Callable[[], datetime]
    progress: Callable[[str], None]

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
    def nulled_values(self) -> Mapping[str, int]:
        return self.manifest.nulled_values


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """Everything one source staged in one run, and what a person should be told about it."""

    source: str
    partitions: tuple[StagedPartition, ...]
    warnings: tuple[str, ...] = ()


class Source(Protocol):
    """A source: named, with its tables, and one way to be run.

    `stage` reads the source and writes partitions aside; it replaces nothing. It raises PermanentSourceError when a
    person must act, TransientSourceError when the source stayed unavailable through its bounded retries.
    """

    @property
    def name(self) -> str: ...

    @property
    def tables(self) -> tuple[TableContract, ...]: ...

    def stage(self, lake: Lake, run: RunContext) -> StagedBatch: ...
