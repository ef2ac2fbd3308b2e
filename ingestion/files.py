"""Staging a folder of files: one partition a file, by content, so that an unchanged file costs a checksum.

Belongs here: which files are new, changed, renamed or gone, and their rows into partitions. Does not: what a row means
(each source's `read_row`), the text format (delimited), or what is too old (freshness).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pyarrow as pa

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.delimited import DelimitedFile, Header, Row, list_files, open_delimited, shown
from ingestion.freshness import FAR_AHEAD, Freshness, newest_day, rows_after
from ingestion.lake import DATA_FILE, Lake, file_sha256
from ingestion.landing import is_intact, read_manifests
from ingestion.manifest import Manifest
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.staging import PartitionWriter, Provenance

# The partition that makes a table readable before its first file: it has no rows, and no CSV file has this name.
NO_FILE = "none"

SUFFIX = ".csv"
BATCH_ROWS = 10_000

# What file systems allow a folder's name, which is the file's name with all but letters and digits encoded.
_LONGEST_NAME = 255
_ROW_NUMBER = "row_number"


@dataclass(frozen=True, slots=True)
class Landed:
    """Values of one row that lands, by column (file and line are added); `nulled` names those not allowed to."""

    values: Mapping[str, Any]
    nulled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that does not land, and why. `key` is the source's own id of the row, if it may be shown."""

    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class FileTable:
    """Files of one kind: how their names begin, their header, how a row is read, and how old they may grow."""

    contract: TableContract
    prefix: str
    header: Header
    read_row: Callable[[DelimitedFile, Row], Iterable[Landed | Rejected]]
    freshness: Freshness

    @property
    def label(self) -> str:
        return f"{self.contract.source}.{self.contract.name}"

    def owns(self, path: Path) -> bool:
        return path.name.lower().startswith(self.prefix)


class FolderSource:
    """A source that is a folder of CSV files. A subclass says its name, the setting of the folder, and its `kinds`."""

    name: ClassVar[str]
    setting: ClassVar[str]
    kinds: ClassVar[tuple[FileTable, ...]]
    tables: ClassVar[tuple[TableContract, ...]]

    def __init_subclass__(cls) -> None:
        cls.tables = tuple(kind.contract for kind in cls.kinds)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        """Stage the new and changed files of the folder; in a backfill of this source, every file.

        Raises PermanentSourceError for a missing folder, an unreadable file, a missing column; TransientSourceError for
        a file that is being written.
        """
        files = list_files(self._folder, self.setting)
        partitions: list[StagedPartition] = []
        warnings = [
            f"{self.name}: {path.name} is not read; no table takes files of that name"
            for path in files
            if _is_csv(path) and not any(kind.owns(path) for kind in self.kinds)
        ]
        for kind in self.kinds:
            staged, told = _stage_table(lake, run, kind, [path for path in files if kind.owns(path)])
            partitions += staged
            warnings += told
            run.progress(f"{kind.label}: {len(staged)} new or changed files")
        yield StagedBatch(self.name, tuple(partitions), tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Due:
    """A file to stage, and the landed partitions (renamed files) whose place it takes."""

    path: Path
    sha256: str
    replaces: tuple[str, ...]


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == SUFFIX


def _stage_table(
    lake: Lake, run: RunContext, table: FileTable, files: Sequence[Path]
) -> tuple[list[StagedPartition], list[str]]:
    """The partitions that are due of one table, and what a person should be told about its files."""
    contract = table.contract
    landed = {m.partition_value: m for m in read_manifests(lake, contract.source, contract.name)}
    paths = [path for path in files if _is_csv(path)]
    others = [path.name for path in files if not _is_csv(path)]
    if others and not paths and landed.keys() <= {NO_FILE}:
        message = f"{table.label}: {others[0]} is no CSV file and there is no other; unpack or export it as {SUFFIX}"
        raise PermanentSourceError(message)
    warnings = [f"{table.label}: {name} is not read; only {SUFFIX} files are" for name in others]
    is_backfill = run.backfill is not None and run.backfill.source == contract.source
    due, told = _plan(lake, table, paths, landed, whole=is_backfill)
    opened = [(item, _open(table, item.path)) for item in due]
    staged = [_stage_file(lake, run, table, item, file) for item, file in opened]
    warnings += [*told, *_unlisted(table, [file for _, file in opened]), *_far_ahead(table, staged, run.day)]
    nothing = landed.get(NO_FILE)
    if not (staged or landed) or (nothing is not None and not is_intact(lake, nothing)):
        staged.append(_stage_nothing(lake, run, contract))
    taken = {partition.partition_value for partition in staged} | {value for item in due for value in item.replaces}
    kept = [
        lake.partition(contract.source, contract.name, contract.partition_key, value) / DATA_FILE
        for value in landed
        if value not in taken
    ]
    newest = newest_day([*kept, *(partition.path for partition in staged)], table.freshness.column, run.day)
    stale = table.freshness.warning(table.label, newest, run.day) if newest is not None else None
    if stale is not None:
        warnings.append(stale)
    return staged, warnings


def _plan(
    lake: Lake, table: FileTable, paths: Sequence[Path], landed: Mapping[str, Manifest], *, whole: bool
) -> tuple[list[_Due], list[str]]:
    """Which files to stage, by content; the `whole` folder, whatever landed, when a person asks for it.

    Of equal files the greatest name is the one; the others are not read twice.
    """
    present = {path.name: _checksum(table, path) for path in paths}
    owner = {checksum: name for name, checksum in sorted(present.items())}
    warnings = [
        f"{table.label}: {name} holds the same bytes as {owner[checksum]} and is not counted again"
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
        manifest = landed.get(path.name)
        is_same = (
            manifest is not None
            and manifest.origin == _origin(checksum)
            and manifest.schema_version == table.contract.schema_version
        )
        is_damaged = manifest is not None and not is_intact(lake, manifest)
        if is_damaged:
            warnings.append(f"{table.label}: {path.name} is damaged in the lake and read again")
        if whole or replaces or is_damaged or not is_same:
            due.append(_Due(path, checksum, replaces))
    for value, manifest in landed.items():
        if value in present or value in replaced or value == NO_FILE:
            continue
        if not is_intact(lake, manifest):
            message = f"{table.label}: {value} is damaged in the lake and gone from the folder; put the file back"
            raise PermanentSourceError(message)
        warnings.append(f"{table.label}: {value} is gone from the folder; what it held stays landed")
    return due, warnings


def _open(table: FileTable, path: Path) -> DelimitedFile:
    """The file, if its name can name a partition and its header is as promised."""
    try:
        folder = f"{table.contract.partition_key}={quote(path.name, safe='')}"
    except UnicodeEncodeError:
        shown = ascii(path.name)
        message = f"{table.label}: the file name {shown} is no UTF-8; rename the file"
        raise PermanentSourceError(message) from None
    if len(folder) > _LONGEST_NAME:
        message = f"{table.label}: the file name {path.name} is too long for a folder of the lake; rename the file"
        raise PermanentSourceError(message)
    return open_delimited(path, table.header)


def _unlisted(table: FileTable, files: Sequence[DelimitedFile]) -> list[str]:
    """One line a column that no list names. Only files that are due are looked at, so that it is told once."""
    seen: dict[str, list[str]] = {}
    for file in files:
        for column in file.unlisted:
            seen.setdefault(column, []).append(file.path.name)
    return [
        f"{table.label}: column {shown(column)} ({_counted(names)}) is on no list and does not land"
        for column, names in sorted(seen.items())
    ]


def _far_ahead(table: FileTable, staged: Sequence[StagedPartition], today: date) -> Iterator[str]:
    """One line a new file with rows whose day is so far ahead that it may be a slip."""
    until = today + FAR_AHEAD
    for partition in staged:
        count = rows_after(partition.path, table.freshness.column, until)
        if count:
            name = partition.partition_value
            yield f"{table.label}: {name} holds rows dated after {until} ({count}); they wait, if the year is right"


def _counted(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _stage_file(lake: Lake, run: RunContext, table: FileTable, due: _Due, file: DelimitedFile) -> StagedPartition:
    contract = table.contract
    provenance = Provenance(_origin(due.sha256), replaces=due.replaces)
    landed: list[dict[str, Any]] = []
    rejected: list[dict[str, str | None]] = []
    with PartitionWriter(lake, run, contract, due.path.name, provenance) as writer:

        def flush() -> None:
            writer.write(pa.Table.from_pylist(landed, contract.schema))
            writer.set_aside(pa.Table.from_pylist(rejected, QUARANTINE_SCHEMA))
            landed.clear()
            rejected.clear()

        for line, result in _results(table, file):
            if isinstance(result, Rejected):
                origin = f"{due.path.name}:{line}"
                rejected.append({"key": result.key, "reason": result.reason, "origin": origin})
            else:
                landed.append(dict(result.values))
                writer.count_nulled(dict.fromkeys(result.nulled, 1))
            if len(landed) + len(rejected) >= BATCH_ROWS:
                flush()
        flush()
        if _checksum(table, due.path) != due.sha256:
            message = f"{table.label}: {due.path.name} was written while it was read; run again when it is complete"
            raise TransientSourceError(message)
        return writer.finish()


def _results(table: FileTable, file: DelimitedFile) -> Iterator[tuple[int, Landed | Rejected]]:
    """What each row of a file comes to, with its line; landed values are complete."""
    contract = table.contract
    has_row_number = _ROW_NUMBER in contract.schema.names
    # Without its line a row is known by its key alone, which a file must not give twice.
    keys: set[tuple[Any, ...]] | None = None if _ROW_NUMBER in contract.key_columns else set()
    for row in file.rows():
        if any(isinstance(result, Landed) for hidden in row.hidden for result in _read(table, file, hidden)):
            raise file.unclosed_quote(row.first_line, row.line)
        for result in _read(table, file, row):
            if isinstance(result, Rejected):
                yield row.line, Rejected("row is a total", result.key) if row.is_total else result
                continue
            place = {"source_file": file.path.name} | ({_ROW_NUMBER: row.line} if has_row_number else {})
            values = {**result.values, **place}
            key = tuple(values[column] for column in contract.key_columns)
            if keys is not None and key in keys:
                named = " ".join(str(values[column]) for column in contract.key_columns if column not in place)
                yield row.line, Rejected("key stands in the file twice", named)
                continue
            if keys is not None:
                keys.add(key)
            yield row.line, Landed(values, result.nulled)


def _read(table: FileTable, file: DelimitedFile, row: Row) -> Iterable[Landed | Rejected]:
    return (Rejected(row.fault),) if row.fault else table.read_row(file, row)


def _checksum(table: FileTable, path: Path) -> str:
    try:
        return file_sha256(path)
    except FileNotFoundError:
        message = f"{table.label}: {path.name} went away while the folder was read; run again when it is complete"
        raise TransientSourceError(message) from None
    except OSError as error:
        message = f"{table.label}: {path.name} cannot be read ({error.strerror}); check the file's permissions"
        raise PermanentSourceError(message) from None


def _stage_nothing(lake: Lake, run: RunContext, contract: TableContract) -> StagedPartition:
    with PartitionWriter(lake, run, contract, NO_FILE, Provenance("no file yet")) as writer:
        return writer.finish()


def _origin(checksum: str) -> str:
    return f"sha256:{checksum}"
