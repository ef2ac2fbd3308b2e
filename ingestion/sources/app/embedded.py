"""Reading the app's tables from a DuckDB file (the sample company) with PostgreSQL's own SELECTs.

Belongs here: the connection and the one function DuckDB names differently. Does not: SQL of our tables (select).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

from ingestion.retry import PermanentSourceError, SourceError, TransientSourceError

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
        except duckdb.Error as error:
            raise self._translate(error) from None
        self.origin = f"DuckDB {duckdb.__version__}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def query(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Rows of one statement, streamed."""
        try:
            yield from self._connection.execute(sql).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise self._translate(error) from None

    def _translate(self, error: duckdb.Error) -> SourceError:
        cause = str(error).strip().splitlines()[0]
        if isinstance(error, duckdb.IOException) and "lock" in cause.lower():
            return TransientSourceError(f"DuckDB file {self._path}: {cause}; another process is writing it")
        return PermanentSourceError(f"DuckDB file {self._path}: {cause}; check NETVEXA_APP_DSN and the file's tables")
