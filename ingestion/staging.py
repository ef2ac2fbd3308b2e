"""Writing one partition aside: Parquet in bounded memory, flushed, read back, stamped.

Belongs here: how a staged partition is written and verified. Does not: what may land (the sources) and when it
replaces what stands (landing).
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections import Counter, deque
from collections.abc import Collection, Generator, Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedPartition, TableContract
from ingestion.lake import DATA_FILE, QUARANTINE_FILE, Lake, file_sha256, sync
from ingestion.manifest import Coverage, FileStamp, Manifest

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MAX_GROUP_ROWS = 50_000
MAX_GROUP_BYTES = 32 << 20
# Partitions being finished while the next is written: each holds a row group at most, and mostly waits for the disk.
FINISHED_AT_ONCE = 4


class _HashedFile(io.RawIOBase):
    """A new file that knows the SHA-256 of what it was given."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("wb")
        self._digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _ParquetFile:
    """Rows into one Parquet file. Row groups are cut by count, not by arrival, so equal rows give equal bytes."""

    def __init__(self, path: Path, schema: pa.Schema, unique: Collection[str] = ()) -> None:
        """`unique`: columns whose values hardly ever repeat, so that a dictionary of them is only work."""
        self.path = path
        self.rows = 0
        self._schema = schema
        self._held: list[pa.Table] = []
        repeating = [name for name in schema.names if name not in unique]
        self._file = _HashedFile(path)
        self._writer = pq.ParquetWriter(
            self._file, schema, compression="zstd", write_page_checksum=True, use_dictionary=repeating
        )

    def write(self, rows: pa.Table) -> None:
        self._held.append(rows)
        self.rows += rows.num_rows
        held_rows = sum(table.num_rows for table in self._held)
        held_bytes = sum(table.nbytes for table in self._held)
        if held_rows >= MAX_GROUP_ROWS or held_bytes >= MAX_GROUP_BYTES:
            self._flush(keep_incomplete_group=held_bytes < MAX_GROUP_BYTES)

    def _flush(self, *, keep_incomplete_group: bool) -> None:
        held = pa.concat_tables(self._held)
        whole = held.num_rows - held.num_rows % MAX_GROUP_ROWS if keep_incomplete_group else held.num_rows
        if whole:
            self._writer.write_table(held.slice(0, whole), row_group_size=MAX_GROUP_ROWS)
        rest = held.slice(whole)
        self._held = [rest] if rest.num_rows else []

    def close(self) -> None:
        self._writer.close()
        self._file.close()

    def finish(self) -> FileStamp:
        """Flush, fsync, read back; raises OSError when the disk does not give back what was written."""
        if self._held:
            self._flush(keep_incomplete_group=False)
        self.close()
        sync(self.path)
        stamp = FileStamp(sha256=file_sha256(self.path), bytes=self.path.stat().st_size)
        rows = pq.read_metadata(self.path).num_rows
        if stamp.sha256 != self._file.sha256 or rows != self.rows:
            message = f"{self.path}: wrote {self.rows} rows, read back {rows} or other bytes; check the disk"
            raise OSError(message)
        return stamp


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a partition's rows come from; goes into its manifest as it is (see Manifest)."""

    origin: str
    key_id: str | None = None
    read_to: datetime | None = None
    replaces: tuple[str, ...] = ()
    coverage: Coverage = "whole"


class PartitionWriter:
    """One partition being staged. Use as a context manager; `finish` gives the StagedPartition.

    Leaving the context without `finish` removes what was written.
    """

    def __init__(self, lake: Lake, run: RunContext, table: TableContract, value: str, provenance: Provenance) -> None:
        self._table = table
        self._value = value
        self._run = run
        self._provenance = provenance
        self._folder = lake.staged_partition(run.run_id, table.source, table.name, table.partition_key, value)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._data = _ParquetFile(self._folder / DATA_FILE, table.schema, unique=table.key_columns)
        self._quarantine: _ParquetFile | None = None
        self._reasons: Counter[str] = Counter()
        self._nulled: Counter[str] = Counter()
        self._finished = False

    def __enter__(self) -> PartitionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._finished:
            return
        self._data.close()
        if self._quarantine is not None:
            self._quarantine.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, rows: pa.Table) -> None:
        """Rows that land; columns exactly as the table's schema has them."""
        self._data.write(rows)

    def set_aside(self, rows: pa.Table) -> None:
        """Rows that do not land, as QUARANTINE_SCHEMA (key, reason, origin)."""
        if not rows.num_rows:
            return
        if self._quarantine is None:
            self._quarantine = _ParquetFile(self._folder / QUARANTINE_FILE, QUARANTINE_SCHEMA)
        self._quarantine.write(rows)
        for entry in pc.value_counts(rows["reason"]):
            self._reasons[entry["values"].as_py()] += entry["counts"].as_py()

    def count_set_aside(self, counts: Mapping[str, int]) -> None:
        """Rows by reason that were set aside once and have left since: of them their counts alone stay."""
        self._reasons.update(counts)

    def count_nulled(self, counts: Mapping[str, int]) -> None:
        """Values that were not allowed to land, per column; their rows did."""
        self._nulled.update({column: count for column, count in counts.items() if count})

    def finish(self, provenance: Provenance | None = None) -> StagedPartition:
        """Close, verify and stamp the files. Raises OSError when they cannot be read back whole.

        provenance: takes the place of the one given at first, where it is known only when everything is read.
        """
        staged = self._stamp(provenance or self._provenance)
        self._finished = True
        return staged

    def _finish_in(self, executor: Executor) -> Future[StagedPartition]:
        self._finished = True
        return executor.submit(self._stamp, self._provenance)

    def _stamp(self, provenance: Provenance) -> StagedPartition:
        files = {DATA_FILE: self._data.finish()}
        if self._quarantine is not None:
            files[QUARANTINE_FILE] = self._quarantine.finish()
        quarantined = self._reasons.total()
        manifest = Manifest(
            source=self._table.source,
            table=self._table.name,
            partition_key=self._table.partition_key,
            partition_value=self._value,
            run_id=self._run.run_id,
            read_at=self._run.instant.astimezone(UTC),
            schema_version=self._table.schema_version,
            source_rows=self._data.rows + quarantined,
            landed_rows=self._data.rows,
            quarantined_rows=quarantined,
            quarantined_by_reason=dict(sorted(self._reasons.items())),
            nulled_values=dict(sorted(self._nulled.items())),
            origin=provenance.origin,
            key_id=provenance.key_id,
            read_to=provenance.read_to,
            replaces=provenance.replaces,
            coverage=provenance.coverage,
            files=files,
        )
        quarantine_path = self._folder / QUARANTINE_FILE if self._quarantine is not None else None
        return StagedPartition(manifest, self._folder / DATA_FILE, quarantine_path)


def finish_while_writing(writers: Iterable[PartitionWriter]) -> Generator[StagedPartition]:
    """Finish each in a thread while `writers` makes the next; staged in their order. Raises as `finish`."""
    waiting: deque[Future[StagedPartition]] = deque()
    with ThreadPoolExecutor(FINISHED_AT_ONCE, thread_name_prefix="finish") as threads:
        for writer in writers:
            waiting.append(writer._finish_in(threads))
            if len(waiting) > FINISHED_AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
