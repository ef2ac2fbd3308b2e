"""Reading PostgreSQL over ADBC's COPY path, inside one read-only snapshot.

Belongs here: the connection, its transaction, and what its errors mean. Does not: SQL of our tables (select).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import urlsplit

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import StatementOptions, dbapi

from ingestion.retry import PermanentSourceError, SourceError, TransientSourceError

CONNECT_TIMEOUT_SECONDS = 10
STATEMENT_TIMEOUT_SECONDS = 900
BATCH_BYTES = 4 << 20

_OPENING = (
    "set transaction isolation level repeatable read, read only",
    f"set local statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'",
    "set local timezone = 'UTC'",
    "set local search_path = public, pg_catalog",
)

# SQLSTATE classes that no retry heals: wrong credentials, wrong database, wrong shape, no privilege, wrong data.
_PERMANENT_STATES = ("28", "3D", "42", "0A", "22")
# libpq gives no SQLSTATE while connecting, only words.
_PERMANENT_WORDS = (
    "authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "no password supplied",
    "name or service not known",
    "nodename nor servname",
    "no address associated",
    "invalid",
    'missing "="',
    "end of string reached",
    "permission denied",
    "does not support ssl",
    "certificate verify failed",
)


class PostgresReader:
    """One connection, one snapshot. Use as a context manager.

    Raises PermanentSourceError or TransientSourceError, each with the cause and the next step; never the password.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._place = describe(dsn)

    def __enter__(self) -> PostgresReader:
        try:
            self._connection = dbapi.connect(_with_timeout(self._dsn))
        except adbc_driver_manager.Error as error:
            raise self._translate(error, connecting=True) from None
        try:
            with self._connection.cursor() as cursor:
                for statement in _OPENING:
                    cursor.execute(statement)
                cursor.execute("select current_setting('server_version') as server_version")
                version = cursor.fetchone()
        except adbc_driver_manager.Error as error:
            self._connection.close()
            raise self._translate(error) from None
        self.origin = f"PostgreSQL {version[0] if version else 'of unknown version'}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._connection.close()
        except adbc_driver_manager.Error:
            # The server is gone: whatever failed before this says so, and there is nothing left to close.
            if kind is None:
                raise

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Rows of one statement, streamed in batches of about 4 MiB."""
        try:
            with self._connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
                cursor.execute(sql)
                with cursor.fetch_record_batch() as reader:
                    yield from reader
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._translate(error) from None

    def _translate(self, error: Exception, *, connecting: bool = False) -> SourceError:
        state = getattr(error, "sqlstate", None) or ""
        cause = _first_line(str(error))
        if state in {"42703", "42P01"}:
            return PermanentSourceError(
                f"{self._place}: {cause} (SQLSTATE {state}); the app's schema changed or is not the one expected: "
                "compare it with ingestion/sources/app/README.md"
            )
        if state == "42501":
            return PermanentSourceError(
                f"{self._place}: {cause} (SQLSTATE {state}); grant SELECT on the columns that "
                "ingestion/sources/app/README.md lists"
            )
        words = cause.lower()
        if state[:2] in _PERMANENT_STATES or (connecting and any(word in words for word in _PERMANENT_WORDS)):
            return PermanentSourceError(f"{self._place}: {cause}; check NETVEXA_APP_DSN")
        return TransientSourceError(f"{self._place}: {cause}; is the server up and NETVEXA_APP_DSN right?")


def describe(dsn: str) -> str:
    """`PostgreSQL host:port/database`, without user and password."""
    try:
        parts = urlsplit(dsn)
        port = f":{parts.port}" if parts.port else ""
        return f"PostgreSQL {parts.hostname or 'local socket'}{port}{parts.path}"
    except ValueError:
        return "PostgreSQL (unreadable DSN)"


def _with_timeout(dsn: str) -> str:
    if "connect_timeout=" in dsn:
        return dsn
    return f"{dsn}{'&' if '?' in dsn else '?'}connect_timeout={CONNECT_TIMEOUT_SECONDS}"


def _first_line(message: str) -> str:
    """The server's own words: the driver's prefix, the statement and the hints left out."""
    line = message.strip().splitlines()[0] if message.strip() else "no message"
    return re.sub(r"^.*?(?:ERROR|FATAL|\[libpq\] [^:]*):\s+", "", line).strip()
