"""One table's partition of the day: what landed earlier today, the versions that differ from it, what is set aside.

Belongs here: which versions are new, and that a second run of a day loses nothing. Does not: reading Stripe (extract),
which row an object becomes (rows).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedPartition, TableContract
from ingestion.lake import DATA_FILE, QUARANTINE_FILE, Lake
from ingestion.landing import read_manifests
from ingestion.manifest import Coverage, Manifest
from ingestion.sources.stripe.rows import Fault, Row, version_of
from ingestion.staging import PartitionWriter, Provenance

BATCH_ROWS = 500


class DayPartition:
    """Today's partition of one table being staged. Use as a context manager; `finish` gives the StagedPartition.

    `damaged` days: today's own is begun anew, earlier ones are replaced by this partition.
    """

    def __init__(
        self, lake: Lake, run: RunContext, table: TableContract, origin: str, damaged: Collection[str]
    ) -> None:
        self._lake = lake
        self._table = table
        self._day = run.day.isoformat()
        self._earlier = None if self._day in damaged else self._landed_today()
        self._replaces = tuple(day for day in damaged if day != self._day)
        self._origin = origin
        self._writer = PartitionWriter(lake, run, table, self._day, Provenance(origin))
        # The newest version of each object that landed today: an object that changes back is a version again.
        self._newest: dict[str, bytes] = {}
        self._batch: list[Row] = []
        # By id; what has none by its number among those of a run, so that a second run counts it once as well.
        self._set_aside: dict[str, tuple[str | None, str, str]] = {}
        self._nameless = 0
        self.earlier_rows = 0
        self.new_rows = 0

    def __enter__(self) -> DayPartition:
        self._writer.__enter__()
        for rows in self._read_earlier(DATA_FILE, self._table.schema):
            self._newest.update((row["id"], version_of(row)) for row in rows.select(["id", "payload"]).to_pylist())
            self.earlier_rows += rows.num_rows
            self._writer.write(rows)
        for rows in self._read_earlier(QUARANTINE_FILE, QUARANTINE_SCHEMA):
            for row in rows.to_pylist():
                self.set_aside(Fault(row["key"], row["reason"]), row["origin"])
        self._nameless = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def put(self, row: Row | Fault, origin: str) -> None:
        """Land a row, unless it is the newest version of its object that landed today; set a fault aside."""
        if isinstance(row, Fault):
            self.set_aside(row, origin)
            return
        self._set_aside.pop(row["id"], None)
        version = version_of(row)
        if self._newest.get(row["id"]) == version:
            return
        self._newest[row["id"]] = version
        self._batch.append(row)
        self.new_rows += 1
        if len(self._batch) >= BATCH_ROWS:
            self._flush()

    def set_aside(self, fault: Fault, origin: str) -> None:
        """Keep an object that does not land: its key, why, and where it was read. Once, however often it is read."""
        if fault.key is None:
            self._nameless += 1
        self._set_aside[fault.key or f"#{self._nameless}"] = (fault.key, fault.reason, origin)

    def finish(self, *, is_whole: bool, cursor: int | None) -> StagedPartition:
        """Close the partition. `cursor`: Unix second of the newest event seen, None when there was none.

        A day that was read whole once stays whole: later reads only add to it.
        """
        self._flush()
        columns = ("key", "reason", "origin")
        aside = [dict(zip(columns, self._set_aside[name], strict=True)) for name in sorted(self._set_aside)]
        self._writer.set_aside(pa.Table.from_pylist(aside, QUARANTINE_SCHEMA))
        was_whole = self._earlier is not None and self._earlier.coverage == "whole"
        coverage: Coverage = "whole" if is_whole or was_whole else "changes"
        read_to = None if cursor is None else datetime.fromtimestamp(cursor, UTC)
        return self._writer.finish(
            Provenance(self._origin, read_to=read_to, replaces=self._replaces, coverage=coverage)
        )

    def _flush(self) -> None:
        self._writer.write(pa.Table.from_pylist(self._batch, self._table.schema))
        self._batch = []

    def _landed_today(self) -> Manifest | None:
        manifests = read_manifests(self._lake, self._table.source, self._table.name)
        return next((manifest for manifest in manifests if manifest.partition_value == self._day), None)

    def _read_earlier(self, name: str, schema: pa.Schema) -> Iterator[pa.Table]:
        """Rows that landed earlier today, oldest first."""
        if self._earlier is None or name not in self._earlier.files:
            return
        folder = self._lake.partition(self._table.source, self._table.name, self._table.partition_key, self._day)
        with pq.ParquetFile(folder / name) as landed:
            for batch in landed.iter_batches(batch_size=BATCH_ROWS):
                yield pa.Table.from_batches([batch]).cast(schema)
