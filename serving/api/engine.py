"""DuckDB over the published version: opened safely, followed when another is published, let go when nobody reads it.

Belongs here: connections, their limits and their lifetime. Does not: SQL (tables, metric_query), results (results).
No statement that reaches this engine is a client's; that it could do no harm if it were is the second lock.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from serving.api.results import Results
from serving.catalog import metric_domains
from serving.version import Version
from serving.versions import VersionNotFound, current_id, find_version

# A version may be published and another pruned between reading the link and opening what it names.
_ATTEMPTS = 5


class NothingPublishedError(LookupError):
    """There is no version to read, or the current one cannot be opened; the message says which."""


class VersionGoneError(LookupError):
    """The version that was asked for by name is no longer kept."""


class StatementTimeoutError(TimeoutError):
    """A request used up its time in DuckDB and was interrupted."""


class OpenVersion:
    """One version, open: its numbers, its definitions, and the results computed from it.

    tables: DuckDB type by column by mart, in order, as the file has them. Closing drops everything at once.
    """

    def __init__(self, version: Version, memory_limit: str, threads: int) -> None:
        self.id = version.id
        self.as_of_date = version.as_of_date
        self.definitions: Mapping[str, Any] = {"models": {}, **json.loads(version.catalog.read_text(encoding="utf-8"))}
        if not any(metric_domains(self.definitions).values()):
            raise ValueError(
                "its catalog says of no metric who may see it: an earlier release published it, and the next "
                "night publishes one that can be served"
            )
        self.tables: Mapping[str, Mapping[str, str]] = {
            table.name: {column.name: column.type for column in table.columns} for table in version.tables
        }
        self.results = Results()
        self.readers = 0
        self._connection = _connect(version.warehouse, memory_limit, threads)

    @contextmanager
    def reading(self, timeout: float) -> Iterator[Reader]:
        """A cursor of its own for one request; `timeout` seconds for all its statements together.

        Raises StatementTimeoutError from the block when they run out.
        """
        cursor = self._connection.cursor()
        reader = Reader(cursor, time.monotonic() + timeout)
        watch = threading.Timer(timeout, cursor.interrupt)
        watch.daemon = True
        watch.start()
        try:
            yield reader
        finally:
            watch.cancel()
            cursor.close()

    def has(self, model: str) -> bool:
        """Whether the version has that mart, and says what it means."""
        return model in self.tables and model in self.definitions["models"]

    def close(self) -> None:
        """Let go of the file and of every result."""
        self._connection.close()
        self.results.clear()


class Reader:
    """Reads for one request, until its time is up. Values are bound, never written into the SQL."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, deadline: float) -> None:
        self._cursor = cursor
        self._deadline = deadline

    def table(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The rows as Arrow. Raises StatementTimeoutError, duckdb.Error."""
        # An interrupt ends what runs and not what comes next, so the clock is looked at between statements, too.
        self._require_time()
        try:
            rows = self._cursor.execute(sql, list(parameters)).to_arrow_table()
        except duckdb.InterruptException as error:
            raise StatementTimeoutError from error
        self._require_time()
        return rows

    def _require_time(self) -> None:
        if time.monotonic() >= self._deadline:
            raise StatementTimeoutError


class Engine:
    """The versions that are open: the current one, and older ones while requests on them last.

    root: the folder of versions. Safe to use from several threads.
    """

    def __init__(self, root: Path, memory_limit: str, threads: int) -> None:
        self._root = root
        self._memory_limit = memory_limit
        self._threads = threads
        # Opening takes tens of milliseconds, so it has a lock of its own: whoever needs only what is open never waits.
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self._open: dict[str, OpenVersion] = {}
        self._current: str | None = None

    def acquire_open(self, version_id: str | None = None) -> OpenVersion | None:
        """The current version if it is open already, else None; microseconds, so that an event loop may call it.

        version_id: None too where the current version is another one. Raises NothingPublishedError.
        """
        wanted = self._current_id()
        with self._lock:
            if wanted is None or wanted != self._current or version_id not in {None, wanted}:
                return None
            version = self._open[wanted]
            version.readers += 1
            return version

    def acquire(self, version_id: str | None = None) -> OpenVersion:
        """A version to read until it is released: the current one, or the one of that id.

        Raises NothingPublishedError, VersionGoneError.
        """
        with self._opening:
            version = self._follow() if version_id is None else self._held(version_id)
        self._close_unread()
        return version

    def hold(self, version: OpenVersion) -> None:
        """Keep a version that is held already for one reader more."""
        with self._lock:
            version.readers += 1

    def release(self, version: OpenVersion) -> None:
        """Give a version back; the last reader of one that is no longer current closes it."""
        with self._lock:
            version.readers -= 1
            unread = version.readers == 0 and version.id != self._current
        if unread:
            self._close_unread()

    def close(self) -> None:
        """Close every version, whoever reads it."""
        with self._lock:
            versions, self._open, self._current = tuple(self._open.values()), {}, None
        for version in versions:
            version.close()

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Ids of the versions that are open."""
        with self._lock:
            return tuple(sorted(self._open))

    def _follow(self) -> OpenVersion:
        reason = "nothing is published yet"
        for _ in range(_ATTEMPTS):
            wanted = self._current_id()
            if wanted is None:
                break
            try:
                version = self._held(wanted)
            except VersionGoneError as error:
                reason = f"version {wanted} cannot be opened: {error.__cause__!r}"
                continue
            with self._lock:
                self._current = wanted
            return version
        # What was current is not served on, even if its successor cannot be opened: it may have been replaced because
        # somebody was erased from it.
        with self._lock:
            self._current = None
        self._close_unread()
        raise NothingPublishedError(reason)

    def _current_id(self) -> str | None:
        try:
            return current_id(self._root)
        except OSError as error:
            raise NothingPublishedError(f"{self._root} cannot be read: {error}") from error

    def _held(self, version_id: str) -> OpenVersion:
        # Looked for on the disk even if it is open still: what was dropped must not be reached by an old cursor.
        try:
            version = find_version(self._root, version_id)
            with self._lock:
                opened = self._open.get(version_id)
                if opened is not None:
                    opened.readers += 1
                    return opened
            opened = OpenVersion(version, self._memory_limit, self._threads)
        except (VersionNotFound, OSError, ValueError, KeyError, TypeError, duckdb.Error) as error:
            raise VersionGoneError(version_id) from error
        with self._lock:
            self._open[version_id] = opened
            opened.readers += 1
        return opened

    def _close_unread(self) -> None:
        with self._lock:
            unread = [
                version for version in self._open.values() if version.readers == 0 and version.id != self._current
            ]
            for version in unread:
                del self._open[version.id]
        for version in unread:
            version.close()


def _connect(file: Path, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        str(file),
        read_only=True,
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            # A name that is no table must not become a variable of this process.
            "python_enable_replacements": "false",
            # Nothing is spilled to the disk: what does not fit into the limit fails.
            "temp_directory": "",
            "memory_limit": memory_limit,
            "threads": str(threads),
        },
    )
    # A file that this process has open still, because its last reader is just closing it, is the same database in
    # DuckDB: its settings are made and locked already. Making them again would be refused.
    if connection.sql("select current_setting('lock_configuration')").fetchone() != (True,):
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute("set global lock_configuration = true")
    return connection
