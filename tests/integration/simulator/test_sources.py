"""The sources a world leaves behind: the same company from DuckDB and PostgreSQL, files in their owners' layouts."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from adbc_driver_postgresql import dbapi

from ingestion.simulator.emit import stripe_state, write_app_duckdb, write_app_postgres, write_files
from ingestion.simulator.sample import prepare_sample
from ingestion.simulator.world import World, build_world

UNTIL = datetime(2026, 11, 22, 12, tzinfo=UTC)
SELECT = """
select cast(id as text), event_type, cast(account_id as text), cast(agent_id as text), cast(conversation_id as text),
       visitor_id, properties ->> 'sender', properties ->> 'plan', properties ->> 'is_test', properties ->> 'text',
       cast(extract(epoch from received_at) * 1000000 as bigint)
from events order by 11, 1, 2, 3, 4, 5
"""


@pytest.fixture(scope="module")
def small_world() -> World:
    return build_world(UNTIL, months=3)


@pytest.fixture
def database(postgres_dsn: str) -> str:
    """A database of this test's own."""
    name = f"simulated_{uuid4().hex[:12]}"
    with dbapi.connect(postgres_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    base, _, query = postgres_dsn.partition("?")
    return base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")


def test_duckdb_and_postgres__answer_the_same_select_alike(small_world: World, database: str, tmp_path: Path) -> None:
    write_app_duckdb(small_world, tmp_path / "app.duckdb")
    write_app_postgres(small_world, database)
    with duckdb.connect(str(tmp_path / "app.duckdb"), read_only=True) as embedded:
        embedded_rows = embedded.execute(SELECT).fetchall()
        embedded_accounts = embedded.execute("select cast(id as text), email from accounts order by 1").fetchall()
    with dbapi.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(SELECT)
        rows = cursor.fetchall()
        cursor.execute("select cast(id as text), email from accounts order by 1")
        accounts = cursor.fetchall()
        cursor.execute("select count(*) from pg_indexes where tablename = 'events' and indexdef like '%received_at%'")
        indexes = cursor.fetchone()
        cursor.execute("select data_type from information_schema.columns where column_name = 'properties'")
        kind = cursor.fetchone()
    assert rows == embedded_rows
    assert accounts == embedded_accounts
    assert indexes == (1,)
    assert kind == ("jsonb",)


def test_as_of__shows_only_what_was_known_then(small_world: World, tmp_path: Path) -> None:
    then = datetime(2026, 10, 3, 9, tzinfo=UTC)
    write_app_duckdb(small_world, tmp_path / "app.duckdb", then)
    with duckdb.connect(str(tmp_path / "app.duckdb"), read_only=True) as app:
        newest = app.execute("select max(received_at) from events").fetchone()
        accounts = app.execute("select count(*), max(created_at) from accounts").fetchone()
    assert newest is not None and newest[0] < then
    assert accounts is not None and accounts[0] > 10 and accounts[1] < then
    write_files(small_world, tmp_path / "spend", tmp_path / "rates", then)
    dates = [row["segments.date"] for path in (tmp_path / "spend").glob("google_ads_*.csv") for row in read(path)]
    assert max(dates) == "2026-10-02"
    assert read(tmp_path / "rates" / "eurofxref-hist.csv")[0]["Date"] == "2026-10-02"
    assert all(event["created"] < then.timestamp() for event in stripe_state(small_world, then).resources["events"])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files__are_restated_dense_and_in_the_ecbs_layout(small_world: World, tmp_path: Path) -> None:
    write_files(small_world, tmp_path / "spend", tmp_path / "rates")
    rows: dict[tuple[str, str], list[str]] = {}
    for path in sorted((tmp_path / "spend").glob("google_ads_*.csv")):
        for row in read(path):
            rows.setdefault((row["segments.date"], row["campaign.id"]), []).append(row["metrics.cost_micros"])
    assert any(len(set(costs)) > 1 for costs in rows.values())
    lines = (tmp_path / "rates" / "eurofxref-hist.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Date,USD,JPY,") and lines[0].endswith(",")
    days = [line.split(",")[0] for line in lines[1:]]
    assert days == sorted(days, reverse=True)
    assert all(datetime.fromisoformat(day).weekday() < 5 for day in days)


def test_sample__is_built_once_a_day_and_ages_in_its_folder(tmp_path: Path) -> None:
    told: list[str] = []
    company = prepare_sample(tmp_path / "sample", UNTIL, progress=told.append)
    assert len(told) == 3
    assert prepare_sample(tmp_path / "sample", UNTIL.replace(hour=20), progress=told.append) == company
    assert len(told) == 3
    first = accounts_of(company.app_dsn)
    prepare_sample(tmp_path / "sample", datetime(2026, 12, 2, 12, tzinfo=UTC), progress=told.append)
    assert len(told) == 6
    assert accounts_of(company.app_dsn)[: len(first)] == first
    with company.stripe() as stripe:
        assert stripe.base_url.startswith("http://127.0.0.1:")


def accounts_of(dsn: str) -> list[tuple[str, datetime]]:
    with duckdb.connect(dsn.removeprefix("duckdb:///"), read_only=True) as app:
        return app.execute(
            "select cast(id as text), created_at from accounts where created_at is not null order by 2, 1"
        ).fetchall()
