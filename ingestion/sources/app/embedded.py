"""Reading the app's tables from a DuckDB file (the sample company) with PostgreSQL's own SELECTs.

Belongs here: the connection, and what DuckDB names differently. Does not: SQL of our tables (select).
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

from ingestion.retry import PermanentSourceError, SourceError, TransientSourceError
from ingestion.sources.app.contract import COLUMNS_READ
from ingestion.sources.app.drift import Column

_COLUMNS = f"""
select table_name, column_name, data_type
from information_schema.columns
where table_schema = current_schema() and table_name in ({", ".join(f"'{table}'" for table in COLUMNS_READ)})
order by table_name, ordinal_position"""
_TYPES = {"VARCHAR": "text", "JSON": "jsonb"}

BATCH_ROWS = 50_000


class EmbeddedReader:
    """One read-only connection. Use as a context manager; the file does not change while it is open."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> EmbeddedReader:
        if not self._path.is_file():
            message = f"DuckDB file {self._path} does not exist; check NETVEXA_APP_DSN (duckdb:///<path>)"
            raise PermanentSourceError(message)
        try:
            self._connection = duckdb.connect(str(self._path), read_only=True)
            self._connection.execute("set timezone = 'UTC'")
            # DuckDB would draw over the run's own progress.
            self._connection.execute("set enable_progress_bar = false")
            self._connection.execute("create temp macro jsonb_typeof(document) as lower(json_type(document))")
            self._connection.execute("create temp macro octet_length(value) as strlen(value)")
        except duckdb.Error as error:
            raise self._translate(error) from None
        self.origin = f"DuckDB {duckdb.__version__}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def query(self, sql: str) -> Generator[pa.RecordBatch]:
        """Rows of one statement, streamed."""
        try:
            yield from self._connection.execute(sql).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise self._translate(error) from None

    def columns(self) -> list[Column]:
        """The columns of the tables that are read, their types by PostgreSQL's names."""
        found = [row for batch in self.query(_COLUMNS) for row in batch.to_pylist()]
        return [Column(row["table_name"], row["column_name"], _postgres_type(row["data_type"])) for row in found]

    def oldest_transaction(self) -> datetime | None:
        """None: nobody else writes a file that is open here."""
        return None

    def _translate(self, error: duckdb.Error) -> SourceError:
        if isinstance(error, duckdb.DataError):
            # DuckDB's words quote the value, which may be anybody's.
            return PermanentSourceError(
                f"DuckDB file {self._path}: a value in the app's tables cannot be read ({type(error).__name__}); "
                "correct it in the file"
            )
        cause = str(error).strip().splitlines()[0]
        if isinstance(error, duckdb.IOException) and "lock" in cause.lower():
            return TransientSourceError(f"DuckDB file {self._path}: {cause}; another process is writing it")
        return PermanentSourceError(f"DuckDB file {self._path}: {cause}; check NETVEXA_APP_DSN and the file's tables")


def _postgres_type(name: str) -> str:
    return "enum" if name.startswith("ENUM") else _TYPES.get(name, name.lower())
