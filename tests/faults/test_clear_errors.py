"""Everything that can be wrong around a run, as its operator meets it: one line, the right code, nothing lost.

After each of them the lake holds what it held, the last version is served, and nothing new was published.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from adbc_driver_postgresql import dbapi

from ingestion.simulator.world import World
from orchestration.lib.run_lock import hold_run_lock
from tests.e2e.sources import app_in_postgres, new_database
from tests.faults.conftest import House, Kill
from tests.postgres_server import SUPERUSER, running_postgres

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def app_dsn(small_world: World) -> Iterator[str]:
    """The company's app in a PostgreSQL that asks for a password."""
    with running_postgres() as server:
        dsn = app_in_postgres(small_world, server.dsn)
        with dbapi.connect(server.dsn, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"alter role {SUPERUSER} password '{PASSWORD}'")
            cursor.execute("select current_setting('hba_file') as rules")
            rules = cursor.fetchone()
            assert rules is not None
            Path(rules[0]).write_text("host all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
            cursor.execute("select pg_reload_conf()")
        yield dsn.replace(f"{SUPERUSER}@", f"{SUPERUSER}:{PASSWORD}@")


@pytest.fixture
def spend(house: House, tmp_path: Path) -> Path:
    """A copy of the spend folder, to be spoilt."""
    return Path(shutil.copytree(house.second.spend, tmp_path / "spend"))


def newest(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[-1]


def test_app_database__nobody_listens_there(refused: Callable[..., str]) -> None:
    line = refused(1, changes={"NETVEXA_APP_DSN": "postgresql://reader:not-to-be-seen@127.0.0.1:1/app"})
    assert "127.0.0.1:1/app" in line
    assert "NETVEXA_APP_DSN" in line
    assert "not-to-be-seen" not in line


def test_app_database__wrong_password(refused: Callable[..., str], app_dsn: str) -> None:
    line = refused(1, changes={"NETVEXA_APP_DSN": app_dsn.replace(PASSWORD, "not-to-be-seen")})
    assert "password authentication failed" in line
    assert "NETVEXA_APP_DSN" in line
    assert "not-to-be-seen" not in line


def test_app_database__no_such_database(refused: Callable[..., str], app_dsn: str) -> None:
    line = refused(1, changes={"NETVEXA_APP_DSN": f"{app_dsn}_elsewhere"})
    assert "does not exist" in line
    assert "NETVEXA_APP_DSN" in line
    assert PASSWORD not in line


def test_app_database__without_tables(refused: Callable[..., str], app_dsn: str) -> None:
    line = refused(1, changes={"NETVEXA_APP_DSN": new_database(app_dsn)})
    assert "table accounts is missing" in line


@pytest.mark.parametrize(
    ("table", "column"), [("accounts", "utm_source"), ("agents", "deleted_at"), ("events", "received_at")]
)
def test_app_database__a_column_is_gone(refused: Callable[..., str], app_dsn: str, table: str, column: str) -> None:
    with dbapi.connect(app_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"alter table public.{table} rename column {column} to {column}_was_here")
    try:
        line = refused(1, changes={"NETVEXA_APP_DSN": app_dsn})
    finally:
        with dbapi.connect(app_dsn, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"alter table public.{table} rename column {column}_was_here to {column}")
    assert f"column {table}.{column} is missing" in line


def test_stripe__wrong_key(refused: Callable[..., str]) -> None:
    line = refused(1, changes={"STRIPE_API_KEY": "rk_live_not_to_be_seen"})
    assert "401" in line
    assert "STRIPE_API_KEY" in line
    assert "not_to_be_seen" not in line


@pytest.mark.parametrize("variable", ["NETVEXA_SPEND_DIR", "NETVEXA_RATES_DIR"])
def test_folder__is_not_there(refused: Callable[..., str], tmp_path: Path, variable: str) -> None:
    line = refused(2, changes={variable: str(tmp_path / "nowhere")})
    assert variable in line
    assert "nowhere" in line


def test_csv__a_column_is_gone(refused: Callable[..., str], spend: Path) -> None:
    file = newest(spend, "google_ads_*.csv")
    file.write_text(
        file.read_text(encoding="utf-8").replace("metrics.cost_micros", "metrics.cost", 1), encoding="utf-8"
    )
    line = refused(1, changes={"NETVEXA_SPEND_DIR": str(spend)})
    assert file.name in line
    assert "metrics.cost_micros" in line


def test_csv__is_no_text(refused: Callable[..., str], spend: Path) -> None:
    file = newest(spend, "google_ads_*.csv")
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe" * 64)
    assert file.name in refused(1, changes={"NETVEXA_SPEND_DIR": str(spend)})


def test_instant__without_an_offset(refused: Callable[..., str]) -> None:
    line = refused(2, changes={"NETVEXA_AS_OF": "2026-03-15T03:00:00"})
    assert "NETVEXA_AS_OF" in line
    assert "offset" in line


def test_configuration__by_halves(refused: Callable[..., str]) -> None:
    line = refused(2, without=("STRIPE_API_KEY", "NETVEXA_SPEND_DIR"))
    assert "STRIPE_API_KEY" in line
    assert "NETVEXA_SPEND_DIR" in line
    assert "NETVEXA_APP_DSN" not in line


def test_sample_company__beside_real_numbers(refused: Callable[..., str]) -> None:
    assert "NETVEXA_DATA_DIR" in refused(2, command="demo")


def test_second_run__while_one_holds_the_lock(refused: Callable[..., str], house: House) -> None:
    started = datetime(2026, 3, 15, 2, tzinfo=UTC)
    with hold_run_lock(house.layout.run_lock, started, ["/somewhere/netvexa", "nightly"]):
        line = refused(3)
    assert "2026-03-15T02:00:00+00:00" in line
    assert "netvexa nightly" in line
    assert "/somewhere" not in line


def test_bad_rows__are_set_aside_and_counted_and_credits_are_not(house: House, spend: Path) -> None:
    ads, costs = newest(spend, "google_ads_*.csv"), newest(spend, "costs_*.csv")
    with ads.open("a", encoding="utf-8") as file:
        file.write("2026-03-14,7001,EUR,21001,Brand DE,-1000000,1,37,0.5\n")
        file.write("2026-03-14,7001,EUR,,Brand DE,1000000,1,37,0.5\n")
    with costs.open("a", encoding="utf-8") as file:
        file.write("2026-03-14,content_marketing,freelance_desk,Credit,-60.00,EUR,\n")
    before = {manifest.partition_value: manifest for manifest in house.manifests()}

    # Both gates of the run's first half let it through: it dies where the warehouse would be built.
    outcome = house.run(changes={"NETVEXA_SPEND_DIR": str(spend)}, kill=Kill("phase", "Warehouse"))

    assert (outcome.code, outcome.stderr) == (-9, "")
    after = {manifest.partition_value: manifest for manifest in house.manifests()}
    assert sum(after[ads.name].quarantined_by_reason.values()) == 2
    assert "cost_micros is below 0" in " ".join(after[ads.name].quarantined_by_reason)
    assert after[costs.name].quarantined_rows == before[costs.name].quarantined_rows
    assert after[costs.name].landed_rows == before[costs.name].landed_rows + 1
