"""The app's database for the suite: the same rows in a real PostgreSQL and in a DuckDB file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from ingestion.contract import Backfill, Source
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.sources.app.extract import AppSource
from tests.contract.cases import Opener, Room, SourceCase
from tests.integration.ingestion.app_database import (
    BAD_EVENTS,
    DUCKDB_TYPES,
    GOOD_EVENTS,
    PERSONAL,
    POSTGRES_TYPES,
    execute,
    statements,
)

SECRET = "a secret nobody may be told"
PASSWORD = "not-to-be-told"
KEY = f"k1:{SECRET}"
EMPTIED = ("delete from accounts", "delete from agents", "delete from events")
COLUMN_DROPPED = ("alter table accounts drop column created_at",)


def _in_postgres(room: Room, sql: Sequence[str]) -> str:
    dsn = room.new_postgres_database()
    execute(dsn, [*statements(POSTGRES_TYPES), *sql])
    return dsn


def _in_duckdb(room: Room, sql: Sequence[str]) -> str:
    path = room.folder / "app.duckdb"
    if not path.exists():
        with duckdb.connect(str(path)) as connection:
            connection.execute("set timezone = 'UTC'")
            for statement in [*statements(DUCKDB_TYPES), *sql]:
                connection.execute(statement)
    return f"duckdb:///{path}"


def _database(make: Callable[[Room, Sequence[str]], str], sql: Sequence[str] = ()) -> Opener:
    @contextmanager
    def opened(room: Room) -> Iterator[Source]:
        yield AppSource(make(room, sql), KEY)

    return opened


def _nowhere(dsn_of: Callable[[Path], str]) -> Opener:
    return _database(lambda room, _: dsn_of(room.folder))


APP_IN_POSTGRES = SourceCase(
    name="app_in_postgres",
    full=_database(_in_postgres),
    empty=_database(_in_postgres, EMPTIED),
    failing=(
        (PermanentSourceError, _database(_in_postgres, COLUMN_DROPPED)),
        (TransientSourceError, _nowhere(lambda _: f"postgresql://reader:{PASSWORD}@127.0.0.1:1/app")),
    ),
    # One more event was received long after the run; what was received shortly after it waits.
    source_rows={"accounts": 6, "agents": 3, "events": len(GOOD_EVENTS) + len(BAD_EVENTS) + 1},
    canaries=(*PERSONAL, SECRET),
    secrets=(*PERSONAL, SECRET, PASSWORD),
    backfill=Backfill("app", date(2026, 11, 18), date(2026, 11, 21)),
    # An event may be delivered twice; both deliveries land, and staging counts one.
    repeats=frozenset({"events"}),
)
APP_IN_DUCKDB = SourceCase(
    name="app_in_duckdb",
    full=_database(_in_duckdb),
    empty=_database(_in_duckdb, EMPTIED),
    failing=(
        (PermanentSourceError, _database(_in_duckdb, COLUMN_DROPPED)),
        (PermanentSourceError, _nowhere(lambda folder: f"duckdb:///{folder}/nowhere.duckdb")),
    ),
    source_rows=APP_IN_POSTGRES.source_rows,
    canaries=APP_IN_POSTGRES.canaries,
    secrets=APP_IN_POSTGRES.secrets,
    backfill=APP_IN_POSTGRES.backfill,
    repeats=APP_IN_POSTGRES.repeats,
)
