"""Staging a folder of files: one partition a file, by content, so that an unchanged file costs a checksum.

Belongs here: which files are new, changed, renamed or gone, and their rows into partitions. Does not: what a row means
(each source's `read_row`), or the text format (delimited).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.delimited import DelimitedFile, Row, list_files, open_delimited
from ingestion.lake import Lake, file_sha256
from ingestion.landing import is_intact, read_manifests
from ingestion.manifest import Manifest
from ingestion.staging import PartitionWriter, Provenance

# The partition that makes a table readable before its first file: it has no rows, and no CSV file has this name.
NO_FILE = "none"

BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Landed:
    """Values of one row that lands, by column (file and line are added); `nulled` names those not allowed to."""

    values: Mapping[str, Any]
    nulled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that does not land, and why."""

    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class FileTable:
    """Files of one kind: name prefix, header columns they must have (lower case), and how a row is read."""

    contract: TableContract
    prefix: str
    required: tuple[str, ...]
    read_row: Callable[[DelimitedFile, Row], Iterable[Landed | Rejected]]

    def owns(self, path: Path) -> bool:
        return path.name.lower().startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class _Due:
    """A file to stage, and the landed partitions (renamed files) whose place it takes."""

    path: Path
    sha256: str
    replaces: tuple[str, ...]


def stage_folder(lake: Lake, run: RunContext, folder: Path, setting: str, tables: Sequence[FileTable]) -> StagedBatch:
    """Stage the new and changed files of a folder.

    `setting` names the variable to check when the folder cannot be read. Raises PermanentSourceError for a missing
    folder, an unreadable file, a missing column.
    """
    paths = list_files(folder, setting)
    source = tables[0].contract.source
    partitions: list[StagedPartition] = []
    warnings = [
        f"{source}: {path.name} is not read; no table takes files of that name"
        for path in paths
        if not any(table.owns(path) for table in tables)
    ]
    for table in tables:
        landed = {m.partition_value: m for m in read_manifests(lake, source, table.contract.name)}
        due, told = _plan(lake, table, [path for path in paths if table.owns(path)], landed)
        warnings += told
        partitions += [_stage_file(lake, run, table, item) for item in due]
        if not due and not landed:
            partitions.append(_stage_nothing(lake, run, table.contract))
        run.progress(f"{source}.{table.contract.name}: {len(due)} new or changed files")
    return StagedBatch(source, tuple(partitions), tuple(warnings))


def _plan(
    lake: Lake, table: FileTable, paths: Sequence[Path], landed: Mapping[str, Manifest]
) -> tuple[list[_Due], list[str]]:
    """Which files to stage, by content. Of equal files the greatest name is the one; the others are not read twice."""
    label = f"{table.contract.source}.{table.contract.name}"
    present = {path.name: file_sha256(path) for path in paths}
    owner = {checksum: name for name, checksum in sorted(present.items())}
    warnings = [
        f"{label}: {name} holds the same bytes as {owner[checksum]} and is not counted again"
        for name, checksum in present.items()
        if owner[checksum] != name
    ]
    due: list[_Due] = []
    replaced: set[str] = set()
    for path in paths:
        checksum = present[path.name]
        if owner[checksum] != path.name:
            continue
        replaces = tuple(
            value
            for value, manifest in landed.items()
            if value != path.name and manifest.origin == _origin(checksum) and present.get(value, checksum) == checksum
        )
        replaced.update(replaces)
        if replaces or not _is_current(lake, table.contract, landed.get(path.name), checksum):
            due.append(_Due(path, checksum, replaces))
    warnings += [
        f"{label}: {value} is gone from the folder; what it held stays landed"
        for value in landed
        if value not in present and value not in replaced and value != NO_FILE
    ]
    return due, warnings


def _is_current(lake: Lake, contract: TableContract, manifest: Manifest | None, checksum: str) -> bool:
    return (
        manifest is not None
        and manifest.origin == _origin(checksum)
        and manifest.schema_version == contract.schema_version
        and is_intact(lake, manifest)
    )


def _stage_file(lake: Lake, run: RunContext, table: FileTable, due: _Due) -> StagedPartition:
    file = open_delimited(due.path, table.required)
    contract = table.contract
    has_row_number = "row_number" in contract.schema.names
    provenance = Provenance(_origin(due.sha256), replaces=due.replaces)
    landed: list[dict[str, Any]] = []
    rejected: list[tuple[str | None, str, str]] = []
    with PartitionWriter(lake, run, contract, due.path.name, provenance) as writer:
        for row in file.rows():
            results = (Rejected(row.fault),) if row.fault else table.read_row(file, row)
            for result in results:
                if isinstance(result, Rejected):
                    rejected.append((result.key, result.reason, f"{due.path.name}:{row.line}"))
                    continue
                place = {"source_file": due.path.name} | ({"row_number": row.line} if has_row_number else {})
                landed.append({**result.values, **place})
                writer.count_nulled(dict.fromkeys(result.nulled, 1))
            if len(landed) >= BATCH_ROWS:
                writer.write(pa.Table.from_pylist(landed, contract.schema))
                landed = []
        writer.write(pa.Table.from_pylist(landed, contract.schema))
        names = QUARANTINE_SCHEMA.names
        writer.set_aside(
            pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rejected], QUARANTINE_SCHEMA)
        )
        return writer.finish()


def _stage_nothing(lake: Lake, run: RunContext, contract: TableContract) -> StagedPartition:
    with PartitionWriter(lake, run, contract, NO_FILE, Provenance("no file yet")) as writer:
        return writer.finish()


def _origin(checksum: str) -> str:
    return f"sha256:{checksum}"
