"""Reading PostgreSQL over ADBC's COPY path, inside one read-only snapshot.

Belongs here: the connection, its transaction, what its errors mean, and what the catalog says of tables and
transactions. Does not: SQL of our tables (select).
"""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import StatementOptions, dbapi

from ingestion.retry import PermanentSourceError, SourceError, TransientSourceError
from ingestion.sources.app.contract import COLUMNS_READ
from ingestion.sources.app.drift import Column

# A server that has vanished without a word is noticed within two minutes, not after TCP's own two hours.
_CONNECTION = {"connect_timeout": 10, "keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6}
STATEMENT_TIMEOUT_SECONDS = 900
BATCH_BYTES = 4 << 20

_OPENING = (
    "set transaction isolation level repeatable read, read only",
    f"set local statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'",
    "set local timezone = 'UTC'",
    "set local search_path = public, pg_catalog",
    # One core of the app's server is enough to ask for.
    "set local max_parallel_workers_per_gather = 0",
)

# From the catalog, not information_schema: that one hides columns that were never granted, which is what a new one is.
_COLUMNS = f"""
select cast(c.relname as text) as table_name, cast(a.attname as text) as column_name,
  case when coalesce(b.typtype, y.typtype) = 'e' then 'enum' else format_type(coalesce(b.oid, y.oid), null) end
    as column_type
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid
join pg_catalog.pg_type as y on y.oid = a.atttypid
left join pg_catalog.pg_type as b on b.oid = nullif(y.typbasetype, 0)
where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
  and c.relname in ({", ".join(f"'{table}'" for table in COLUMNS_READ)})
order by c.relname, a.attnum"""

# Other roles' transactions show only to those who may see statistics; prepared ones show to all.
_OLDEST_TRANSACTION = """
select min(open.started_at) as started_at
from (
  select xact_start as started_at from pg_catalog.pg_stat_activity
  where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid()
  union all
  select prepared from pg_catalog.pg_prepared_xacts where database = current_database()
) as open"""

# SQLSTATE classes that no retry heals: wrong credentials, wrong database, wrong shape, no privilege.
_PERMANENT_STATES = ("28", "3D", "42", "0A")
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
            self._connection = dbapi.connect(_with_defaults(self._dsn))
        except adbc_driver_manager.Error as error:
            raise self._translate(error, connecting=True) from None
        try:
            with self._connection.cursor() as cursor:
                for statement in _OPENING:
                    cursor.execute(statement)
                version, encoding = self._settings(cursor)
                # SQL_ASCII holds whatever bytes it was given: asking for UTF-8 would break the read at the first that
                # is none. From every other encoding the server translates.
                self._holds_any_bytes = encoding == "SQL_ASCII"
                cursor.execute(f"set client_encoding = '{encoding if self._holds_any_bytes else 'UTF8'}'")
        except adbc_driver_manager.Error as error:
            self._connection.close()
            raise self._translate(error) from None
        self.origin = f"PostgreSQL {version}"
        return self

    @staticmethod
    def _settings(cursor: Any) -> tuple[str, str]:
        names = ("server_version", "server_encoding")
        cursor.execute("select " + ", ".join(f"current_setting('{name}') as {name}" for name in names))
        version, encoding = cursor.fetchone()
        return version, encoding

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._connection.close()
        except adbc_driver_manager.Error:
            # The server is gone: whatever failed before this says so, and there is nothing left to close.
            if kind is None:
                raise

    def query(self, sql: str) -> Generator[pa.RecordBatch]:
        """Rows of one statement, streamed in batches of about 4 MiB. Texts are UTF-8 whatever the database holds."""
        try:
            with self._connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
                cursor.execute(sql)
                with cursor.fetch_record_batch() as reader:
                    for batch in reader:
                        yield _readable(batch) if self._holds_any_bytes else batch
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._translate(error) from None

    def columns(self) -> list[Column]:
        """The columns of the tables that are read, those that were never granted too."""
        return [
            Column(row["table_name"], row["column_name"], row["column_type"])
            for batch in self.query(_COLUMNS)
            for row in batch.to_pylist()
        ]

    def oldest_transaction(self) -> datetime | None:
        """Start of the oldest transaction of others that can be seen; None when there is none, or it may not be."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("savepoint watching")
                try:
                    cursor.execute(_OLDEST_TRANSACTION)
                    row = cursor.fetchone()
                except adbc_driver_manager.ProgrammingError:
                    # A service that hides its statistics altogether: nothing is lost but the warning.
                    cursor.execute("rollback to savepoint watching")
                    return None
        except adbc_driver_manager.Error as error:
            raise self._translate(error) from None
        started: datetime | None = row[0] if row else None
        return started

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
                f"{self._place}: {cause} (SQLSTATE {state}); grant what docs/sql/least_privileges.sql lists"
            )
        # In the middle of a stream there is no SQLSTATE, but what quotes something then is about a value.
        if state[:2] == "22" or (not state and not connecting and '"' in cause):
            # The server's words quote the value, which may be anybody's.
            return PermanentSourceError(
                f"{self._place}: a value in the app's tables cannot be read; the server's own log says which: "
                "correct it in the app's database"
            )
        if state == "57014":
            return TransientSourceError(
                f"{self._place}: {cause}; a read may take {STATEMENT_TIMEOUT_SECONDS} s: is there an index on "
                "events (received_at)?"
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


def _readable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with U+FFFD in place of what is no UTF-8."""
    return pa.record_batch([_readable_text(column) for column in batch.columns], schema=batch.schema)


def _readable_text(column: pa.Array) -> pa.Array:
    if column.type != pa.string():
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        values = column.cast(pa.binary()).to_pylist()
        return pa.array([None if value is None else value.decode(errors="replace") for value in values], pa.string())
    return column


def _with_defaults(dsn: str) -> str:
    missing = [f"{name}={value}" for name, value in _CONNECTION.items() if f"{name}=" not in dsn]
    return f"{dsn}{'&' if '?' in dsn else '?'}{'&'.join(missing)}" if missing else dsn


def _first_line(message: str) -> str:
    """The server's own words: the driver's prefix, the statement and the hints left out."""
    line = message.strip().splitlines()[0] if message.strip() else "no message"
    return re.sub(r"^.*?(?:ERROR|FATAL|\[libpq\] [^:]*):\s+", "", line).strip()
