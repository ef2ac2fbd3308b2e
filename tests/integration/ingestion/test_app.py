"""Claims about the app's database, against a real PostgreSQL and a DuckDB file with the same rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from adbc_driver_postgresql import dbapi

from ingestion.contract import RunContext, StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.sources.app import extract
from ingestion.sources.app.extract import AppSource
from tests.integration.ingestion.app_database import (
    BAD_EVENTS,
    EARLY_REASON,
    GOOD_EVENTS,
    PERSONAL,
    WAITING_EVENTS,
    execute,
    insert_events,
)
from tests.unit.ingestion.lake_cases import INSTANT, WALL_CLOCK, landed_rows, make_run, quarantined_rows

KEY = "k1:a secret of some length"


def _land(lake: Lake, dsn: str, run_id: str = "run-1", instant: datetime = INSTANT) -> StagedBatch:
    run = make_run(run_id, instant, wall_clock=instant + timedelta(minutes=30))
    (staged,) = AppSource(dsn, KEY).stage(lake, run)
    commit(lake, staged)
    return staged


@pytest.fixture(params=["app_for_reader", "app_in_duckdb"])
def app_dsn(request: pytest.FixtureRequest) -> str:
    dsn: str = request.getfixturevalue(request.param)
    return dsn


def test_events__good_ones_land_and_bad_ones_are_set_aside_by_reason(lake: Lake, app_dsn: str) -> None:
    staged = _land(lake, app_dsn)
    landed = Counter(row["id"] for row in landed_rows(lake, "app", "events"))
    assert landed == Counter(event[0] for event in GOOD_EVENTS)
    reasons = Counter(row["reason"] for row in quarantined_rows(lake, "app", "events"))
    assert reasons == Counter([EARLY_REASON, *(reason for _, reason in BAD_EVENTS)])
    partitions = [partition for partition in staged.partitions if partition.table == "events"]
    assert sum(partition.source_rows for partition in partitions) == len(GOOD_EVENTS) + len(BAD_EVENTS) + 1


def test_events__fall_into_utc_days_without_gaps(lake: Lake, app_dsn: str) -> None:
    _land(lake, app_dsn)
    counts = {m.partition_value: m.landed_rows for m in read_manifests(lake, "app", "events")}
    assert counts == {"2026-11-18": 1, "2026-11-19": 3, "2026-11-20": 9, "2026-11-21": 1, "2026-11-22": 0}


def test_events__properties_land_by_type_and_only_as_what_they_are(lake: Lake, app_dsn: str) -> None:
    staged = _land(lake, app_dsn)
    rows = {row["id"]: row for row in landed_rows(lake, "app", "events")}
    assert (rows["e1"]["is_test"], rows["e1"]["channel"]) == (True, "web")
    assert rows["e2"]["sender"] == "visitor"
    assert rows["e3"]["is_accurate"] is False
    assert rows["e4"]["plan"] is None
    assert (rows["e5"]["plan"], rows["e5"]["amount"], rows["e5"]["currency"]) == ("starter", "99.5", "EUR")
    assert rows["e6"]["trial_days"] == 14
    assert rows["e7"]["plan"] is None
    assert [rows[key][column] for key, column in (("e10", "sender"), ("e11", "is_test"), ("e13", "trial_days"))] == [
        None,
        None,
        None,
    ]
    nulled: Counter[str] = Counter()
    for partition in staged.partitions:
        if partition.table == "events":
            nulled.update(partition.nulled_values)
    assert nulled == {
        "sender": 1,
        "is_test": 1,
        "channel": 1,
        "plan": 1,
        "amount": 1,
        "currency": 1,
        "trial_days": 1,
    }


def test_accounts_and_agents__land_as_they_are_today(lake: Lake, app_dsn: str) -> None:
    _land(lake, app_dsn)
    accounts = {row["id"]: row for row in landed_rows(lake, "app", "accounts")}
    assert set(accounts) == {"a1", "a2"}
    assert accounts["a1"] | {"created_at": None} == {
        "id": "a1",
        "created_at": None,
        "country": "DE",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "spring sale",
        "referrer_host": "www.google.com",
        "stripe_customer_id": "cus_1",
        "deleted_at": None,
    }
    assert [accounts["a2"][name] for name in ("utm_source", "utm_medium", "referrer_host", "deleted_at")] == [None] * 4
    assert [row["id"] for row in landed_rows(lake, "app", "agents")] == ["g1"]
    assert Counter(row["reason"] for row in quarantined_rows(lake, "app", "accounts")) == {
        "id is empty": 1,
        "id is null": 1,
        "created_at is null": 1,
        "created_at is infinite": 1,
    }


def test_lake__holds_no_personal_data_of_the_app(lake: Lake, app_dsn: str) -> None:
    _land(lake, app_dsn)
    everything = repr(
        [landed_rows(lake, "app", table) for table in ("accounts", "agents", "events")]
        + [quarantined_rows(lake, "app", table) for table in ("accounts", "agents", "events")]
    ) + "".join(path.read_text() for path in lake.root.rglob("manifest.json"))
    assert [value for value in PERSONAL if value in everything] == []
    token = next(row["visitor_token"] for row in landed_rows(lake, "app", "events") if row["id"] == "e1")
    assert token.startswith("k1_")


def test_both_engines__land_the_same_rows(tmp_path: Path, app_in_postgres: str, app_in_duckdb: str) -> None:
    postgres, embedded = Lake(tmp_path / "postgres"), Lake(tmp_path / "embedded")
    _land(postgres, app_in_postgres)
    _land(embedded, app_in_duckdb)
    for table in ("accounts", "agents", "events"):
        assert landed_rows(postgres, "app", table) == landed_rows(embedded, "app", table)


def test_second_run__the_same_instant_lands_the_same_bytes(lake: Lake, app_dsn: str) -> None:
    _land(lake, app_dsn)
    before = {(m.table, m.partition_value): m.files for m in read_manifests(lake)}
    _land(lake, app_dsn, "run-2")
    assert {(m.table, m.partition_value): m.files for m in read_manifests(lake)} == before


def test_rows_no_window_can_hold__are_counted_once_over_the_nights(lake: Lake, app_in_postgres: str) -> None:
    for night in range(6):
        _land(lake, app_in_postgres, f"run-{night}", INSTANT + timedelta(days=night))
    unplaceable = [event[0] for event, reason in BAD_EVENTS if reason.startswith("received_at")]
    keys = [row["key"] for row in quarantined_rows(lake, "app", "events")]
    assert sorted(key for key in keys if key in unplaceable) == sorted(filter(None, unplaceable))
    source_rows = sum(manifest.source_rows for manifest in read_manifests(lake, "app", "events"))
    assert source_rows == len(GOOD_EVENTS) + len(BAD_EVENTS) + len(WAITING_EVENTS) + 1
    assert {"w1", "w2", "early"} <= {row["id"] for row in landed_rows(lake, "app", "events")}


def test_late_commit_within_the_look_back__lands(lake: Lake, app_in_postgres: str) -> None:
    _land(lake, app_in_postgres)
    late = ("late", "feature_used", None, None, None, "{}", "2026-11-19 12:00:00+00", "2026-11-19 12:00:00+00")
    execute(app_in_postgres, [insert_events([late])])
    _land(lake, app_in_postgres, "run-2", INSTANT + timedelta(days=1))
    assert [row["id"] for row in landed_rows(lake, "app", "events")].count("late") == 1


def test_damaged_day__is_named_and_read_again(lake: Lake, app_in_postgres: str) -> None:
    _land(lake, app_in_postgres)
    rows = landed_rows(lake, "app", "events")
    path = lake.partition("app", "events", "received_date", "2026-11-18") / "data.parquet"
    path.write_bytes(path.read_bytes()[:-4])
    staged = _land(lake, app_in_postgres, "run-2")
    assert any("2026-11-18" in warning for warning in staged.warnings)
    assert landed_rows(lake, "app", "events") == rows


def test_earlier_instant__does_not_cut_short_a_landed_day(lake: Lake, app_in_postgres: str) -> None:
    _land(lake, app_in_postgres)
    rows = landed_rows(lake, "app", "events")
    _land(lake, app_in_postgres, "run-2", datetime(2026, 11, 20, 2, tzinfo=UTC))
    assert landed_rows(lake, "app", "events") == rows


def test_least_privileges__a_column_that_was_not_granted_is_named(
    lake: Lake, app_in_postgres: str, app_for_reader: str
) -> None:
    role = urlsplit(app_for_reader).username
    execute(app_in_postgres, [f"revoke select (utm_source) on accounts from {role}"])
    with pytest.raises(PermanentSourceError, match=r"permission denied.*least_privileges.sql") as failure:
        list(AppSource(app_for_reader, KEY).stage(lake, make_run()))
    assert "\n" not in str(failure.value)


def test_least_privileges__let_nothing_be_written(app_for_reader: str) -> None:
    with pytest.raises(dbapi.Error, match="read-only transaction"):
        execute(app_for_reader, ["create temp table t as select id from accounts"])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda dsn: dsn + "_nowhere", "does not exist"),
        (lambda dsn: dsn.replace("netvexa@", "stranger:hunter2@"), "stranger"),
        (lambda dsn: "mysql://root@127.0.0.1/app", "NETVEXA_APP_DSN"),
        (lambda dsn: "duckdb:///nowhere/app.duckdb", "does not exist"),
        (lambda dsn: "postgresql://[broken", "NETVEXA_APP_DSN"),
    ],
)
def test_wrong_dsn__is_one_clear_line_without_the_password(
    lake: Lake, postgres_dsn: str, wrong: object, told: str
) -> None:
    assert callable(wrong)
    with pytest.raises(PermanentSourceError, match=told) as failure:
        list(AppSource(wrong(postgres_dsn), KEY).stage(lake, make_run()))
    assert "\n" not in str(failure.value)
    assert "hunter2" not in str(failure.value)


def test_server_that_refuses__is_tried_again_then_told(lake: Lake) -> None:
    told: list[str] = []
    run = RunContext("run-1", INSTANT, lambda: INSTANT, told.append)
    with pytest.raises(TransientSourceError, match="NETVEXA_APP_DSN") as failure:
        list(AppSource("postgresql://reader:hunter2@127.0.0.1:9/app", KEY).stage(lake, run))
    assert len(told) == extract.EXTRACT_ATTEMPTS - 1
    assert "hunter2" not in str(failure.value)


def test_connection_cut_between_reads__is_read_again_as_one_snapshot(
    tmp_path: Path, lake: Lake, app_in_postgres: str
) -> None:
    undisturbed = Lake(tmp_path / "undisturbed")
    _land(undisturbed, app_in_postgres)
    others = "datname = current_database() and pid <> pg_backend_pid()"
    cut = f"select pg_terminate_backend(pid) from pg_stat_activity where {others}"
    told: list[str] = []

    def cut_once(message: str) -> None:
        if not told:
            execute(app_in_postgres, [cut])
        told.append(message)

    (staged,) = AppSource(app_in_postgres, KEY).stage(lake, RunContext("run-1", INSTANT, lambda: WALL_CLOCK, cut_once))
    commit(lake, staged)
    assert any(message.startswith("trying again") for message in told)
    for table in ("accounts", "agents", "events"):
        assert landed_rows(lake, "app", table) == landed_rows(undisturbed, "app", table)


def test_snapshot__rows_committed_while_it_is_read_wait_for_the_next_run(lake: Lake, app_in_postgres: str) -> None:
    new = ("new", "feature_used", None, None, None, "{}", "2026-11-20 12:00:00+00", "2026-11-20 12:00:00+00")
    told: list[str] = []

    def insert_once(message: str) -> None:
        if not told:
            execute(app_in_postgres, [insert_events([new])])
        told.append(message)

    commit(
        lake,
        *AppSource(app_in_postgres, KEY).stage(lake, RunContext("run-1", INSTANT, lambda: WALL_CLOCK, insert_once)),
    )
    assert "new" not in {row["id"] for row in landed_rows(lake, "app", "events")}
    _land(lake, app_in_postgres, "run-2")
    assert "new" in {row["id"] for row in landed_rows(lake, "app", "events")}
