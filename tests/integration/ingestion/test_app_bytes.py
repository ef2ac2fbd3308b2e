"""Claims about a database that holds any bytes at all (SQL_ASCII), and about values of absurd size or sign."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.sources.app.extract import AppSource
from tests.integration.ingestion.app_database import POSTGRES_TYPES, execute, insert_events, statements
from tests.unit.ingestion.lake_cases import landed_rows, make_run, quarantined_rows

KEY = "k1:a secret of some length"
AT = "2026-11-20 12:00:00+00"


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def database_of_another_encoding(request: pytest.FixtureRequest, postgres_dsn: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    execute(
        postgres_dsn,
        [f"create database {name} encoding '{request.param}' template template0 lc_collate 'C' lc_ctype 'C'"],
    )
    dsn = postgres_dsn.rsplit("/", 1)[0] + f"/{name}"
    execute(dsn, ["set client_encoding = 'UTF8'", *statements(POSTGRES_TYPES)])
    yield dsn
    execute(postgres_dsn, [f"drop database {name} with (force)"])


def _land(lake: Lake, dsn: str) -> dict[str, int]:
    (staged,) = AppSource(dsn, KEY).stage(lake, make_run())
    commit(lake, staged)
    nulled: dict[str, int] = {}
    for partition in staged.partitions:
        for column, count in partition.nulled_values.items():
            nulled[column] = nulled.get(column, 0) + count
    return nulled


def test_another_encoding__lands_the_same_rows_as_utf8(
    tmp_path_factory: pytest.TempPathFactory, lake: Lake, database_of_another_encoding: str, app_in_postgres: str
) -> None:
    usual = Lake(tmp_path_factory.mktemp("usual"))
    _land(usual, app_in_postgres)
    _land(lake, database_of_another_encoding)
    for table in ("accounts", "agents", "events"):
        assert landed_rows(lake, "app", table) == landed_rows(usual, "app", table)


def test_bytes_that_are_no_utf8__set_a_key_aside_and_take_a_label_away(lake: Lake, postgres_dsn: str) -> None:
    name = f"test_{uuid4().hex}"
    execute(postgres_dsn, [f"create database {name} encoding 'SQL_ASCII' template template0"])
    dsn = postgres_dsn.rsplit("/", 1)[0] + f"/{name}"
    broken = "convert_from('\\xff616263'::bytea, 'SQL_ASCII')"
    try:
        execute(dsn, statements(POSTGRES_TYPES))
        usual = _land(Lake(lake.root / "usual"), dsn)
        execute(
            dsn,
            [
                insert_events([("k1", "feature_used", None, None, None, "{}", AT, AT)] * 2),
                f"update events set id = {broken} where ctid = (select max(ctid) from events where id = 'k1')",
                insert_events([("k2", "feature_used", None, None, "v", '{"feature": "x"}', AT, AT)]),
                f"update events set visitor_id = {broken}, properties = "
                f"cast('{{\"feature\": \"' || {broken} || '\"}}' as jsonb) where id = 'k2'",
                f"update accounts set utm_source = {broken}, referrer = {broken} where id = 'a1'",
            ],
        )
        nulled = _land(lake, dsn)
    finally:
        execute(postgres_dsn, [f"drop database {name} with (force)"])
    aside = {row["key"]: row["reason"] for row in quarantined_rows(lake, "app", "events")}
    assert aside["\N{REPLACEMENT CHARACTER}abc"] == "id is not UTF-8"
    events = {row["id"]: row for row in landed_rows(lake, "app", "events")}
    assert events["k1"]["event_type"] == "feature_used"
    assert events["k2"]["feature"] is None
    assert events["k2"]["visitor_token"].startswith("k1_")
    (account,) = (row for row in landed_rows(lake, "app", "accounts") if row["id"] == "a1")
    assert (account["utm_source"], account["referrer_host"]) == (None, None)
    more = {
        column: nulled.get(column, 0) - usual.get(column, 0) for column in ("feature", "utm_source", "referrer_host")
    }
    assert more == {"feature": 1, "utm_source": 1, "referrer_host": 1}


@pytest.mark.parametrize("amount", ['"NaN"', "-5", "1e300", "1000000000000", '"99 EUR"', "[99]"])
def test_absurd_amount__is_taken_away_and_counted(lake: Lake, app_in_postgres: str, amount: str) -> None:
    properties = f'{{"plan": "starter", "amount": {amount}, "currency": "EUR"}}'
    execute(app_in_postgres, [insert_events([("x", "trial_converted", None, None, None, properties, AT, AT)])])
    nulled = _land(lake, app_in_postgres)
    (row,) = (row for row in landed_rows(lake, "app", "events") if row["id"] == "x")
    assert (row["amount"], row["plan"], nulled["amount"]) == (None, "starter", 2)


def test_property_of_ten_megabytes__is_cut_in_the_database(lake: Lake, app_in_postgres: str) -> None:
    execute(
        app_in_postgres,
        [
            insert_events([("big", "feature_used", None, None, None, "{}", AT, AT)]),
            """update events set visitor_id = repeat('v', 10000000), properties = jsonb_build_object(
            'feature', repeat('x', 10000000), 'text', repeat('y', 10000000)) where id = 'big'""",
        ],
    )
    nulled = _land(lake, app_in_postgres)
    (row,) = (row for row in landed_rows(lake, "app", "events") if row["id"] == "big")
    assert (row["feature"], nulled["feature"]) == (None, 1)
    assert sum(path.stat().st_size for path in lake.root.rglob("*.parquet")) < 1_000_000
