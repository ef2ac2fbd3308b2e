"""Small runs and partitions that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.lake import Lake
from ingestion.staging import PartitionWriter, Provenance

INSTANT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
WALL_CLOCK = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)

LETTERS = TableContract(
    source="case",
    name="letters",
    partition_key="day",
    schema=pa.schema([("id", pa.string())]),
    key_columns=("id",),
    window="a day",
)


def make_run(run_id: str = "run-1", instant: datetime = INSTANT, wall_clock: datetime = WALL_CLOCK) -> RunContext:
    return RunContext(run_id, instant, lambda: wall_clock, lambda message: None)


def stage_letters(  # noqa: PLR0913 (each test names the few it needs)
    lake: Lake,
    value: str,
    ids: Sequence[str],
    rejected: Mapping[str, str] | None = None,
    *,
    run_id: str = "run-1",
    replaces: tuple[str, ...] = (),
) -> StagedPartition:
    """Stage ids as one partition; `rejected` maps a key to its reason."""
    provenance = Provenance("a test", replaces=replaces)
    with PartitionWriter(lake, make_run(run_id), LETTERS, value, provenance) as writer:
        writer.write(pa.table({"id": list(ids)}, schema=LETTERS.schema))
        if rejected:
            columns = [list(rejected), list(rejected.values()), ["here"] * len(rejected)]
            writer.set_aside(pa.table(columns, schema=QUARANTINE_SCHEMA))
        return writer.finish()


def letters_batch(*partitions: StagedPartition) -> StagedBatch:
    return StagedBatch("case", partitions)


def landed_rows(lake: Lake, source: str, table: str) -> list[dict[str, Any]]:
    """Every landed row of a table, as a reader of the lake sees it."""
    rows: list[dict[str, Any]] = []
    for path in sorted(lake.root.glob(f"raw_{source}/{table}/*/data.parquet")):
        rows += pq.ParquetFile(path).read().to_pylist()
    return rows


def quarantined_rows(lake: Lake, source: str, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted(lake.root.glob(f"raw_{source}/{table}/*/quarantine.parquet")):
        rows += pq.ParquetFile(path).read().to_pylist()
    return rows
