"""The whole nightly job as a command: what it publishes, and what it does when something is wrong."""

from __future__ import annotations

import shutil
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.lib.run_lock import hold_run_lock
from tests.integration.orchestration.conftest import NETVEXA, Installation, Outcome


def assert_fails_in_one_line(outcome: Outcome, code: int, *parts: str) -> None:
    assert outcome.code == code, outcome.stdout + outcome.stderr
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, outcome.stderr
    assert lines[0].startswith("netvexa: ")
    for part in parts:
        assert part in lines[0]


def test_nightly__publishes_what_the_sources_hold(installation: Installation) -> None:
    with duckdb.connect(str(installation.data / "published" / "current" / "warehouse.duckdb"), read_only=True) as marts:
        found = marts.execute("select count(*), sum(message_count) from marts.fct_conversations").fetchone()
    assert found == (34, 68)


def test_nightly__shows_its_progress_and_ends_with_the_headline_table(installation: Installation) -> None:
    outcome = installation.run("nightly")
    assert outcome.code == 0
    assert outcome.stderr == ""
    for part in ("Sources", "raw_app.events: ", "Gate 1", "marts.fct_conversations: 34 rows", "Gate 2", "Publishing"):
        assert part in outcome.stdout
    assert "NETVEXA on 2026-11-19" in outcome.stdout
    assert f"Published version {installation.current()}" in outcome.stdout


def test_nightly__run_again_with_nothing_new_publishes_the_same_bytes(installation: Installation) -> None:
    before = installation.published_hash()
    assert installation.run("nightly").code == 0
    assert installation.published_hash() == before


def test_nightly__makes_a_deleted_warehouse_again(installation: Installation) -> None:
    before = installation.published_hash()
    shutil.rmtree(installation.data / "warehouse")
    assert installation.run("nightly").code == 0
    assert installation.published_hash() == before


def test_nightly__makes_a_torn_warehouse_again(installation: Installation) -> None:
    before = installation.published_hash()
    (installation.data / "warehouse" / "netvexa.duckdb").write_bytes(b"torn" * 4096)
    outcome = installation.run("nightly")
    assert outcome.code == 0
    assert "built anew from the lake" in outcome.stdout
    assert installation.published_hash() == before


@pytest.mark.parametrize("phase", ["Sources", "Gate 1", "Warehouse", "Gate 2", "Publishing"])
def test_nightly__killed_anywhere_leaves_the_last_version_and_heals(installation: Installation, phase: str) -> None:
    before, served = installation.published_hash(), installation.current()
    with subprocess.Popen(
        [NETVEXA, "nightly"],
        env=installation.environment({"PYTHONUNBUFFERED": "1"}),
        cwd=installation.company.folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        assert any(line.startswith(phase) for line in run.stdout)
        run.send_signal(signal.SIGKILL)
    assert installation.current() == served
    assert installation.run("nightly").code == 0
    assert installation.published_hash() == before


def test_nightly__a_wrong_stripe_key_fails_without_showing_it(installation: Installation) -> None:
    served = installation.current()
    outcome = installation.run("nightly", STRIPE_API_KEY="rk_live_wrong")
    assert_fails_in_one_line(outcome, 1, "STRIPE_API_KEY")
    assert "rk_live_wrong" not in outcome.stdout + outcome.stderr
    assert installation.current() == served


def test_nightly__a_missing_column_is_named_and_replaces_nothing(installation: Installation) -> None:
    served, before = installation.current(), installation.published_hash()
    with duckdb.connect(str(installation.company.app)) as app:
        app.execute("alter table agents rename column deleted_at to removed_at")
    try:
        assert_fails_in_one_line(installation.run("nightly"), 1, "deleted_at")
        assert installation.current() == served
    finally:
        with duckdb.connect(str(installation.company.app)) as app:
            app.execute("alter table agents rename column removed_at to deleted_at")
    assert installation.run("nightly").code == 0
    assert installation.published_hash() == before


def test_nightly__an_unreadable_app_database_fails_in_one_line(installation: Installation, tmp_path: Path) -> None:
    outcome = installation.run("nightly", NETVEXA_APP_DSN=f"duckdb:///{tmp_path / 'nothing.duckdb'}")
    assert_fails_in_one_line(outcome, 1, "nothing.duckdb")


def test_nightly__a_blocking_check_publishes_nothing_and_gives_examples(installation: Installation) -> None:
    served = installation.current()
    # An empty source that had rows yesterday is a broken export, not a month without costs.
    with duckdb.connect(str(installation.company.app)) as app:
        app.execute("create table kept as from agents")
        app.execute("delete from agents")
    try:
        outcome = installation.run("nightly", NETVEXA_AS_OF="2026-11-21T02:00:00+00:00")
        assert_fails_in_one_line(outcome, 1, "gate 1 refuses", "raw_app.agents")
        assert installation.current() == served
    finally:
        with duckdb.connect(str(installation.company.app)) as app:
            app.execute("insert into agents from kept")
            app.execute("drop table kept")


def test_nightly__is_refused_while_another_run_goes_on(installation: Installation) -> None:
    lock = installation.data / "run.lock"
    with hold_run_lock(lock, datetime(2026, 11, 22, 2, tzinfo=UTC), ["netvexa", "nightly"]):
        assert_fails_in_one_line(installation.run("nightly"), 3, "pid ", "2026-11-22T02:00:00", "netvexa nightly")
        assert "netvexa nightly (pid" in installation.run("status").stdout


def test_nightly__half_a_configuration_is_refused_by_name(installation: Installation) -> None:
    outcome = installation.run("nightly", STRIPE_API_KEY="", NETVEXA_RATES_DIR="")
    assert_fails_in_one_line(outcome, 2, "STRIPE_API_KEY", "NETVEXA_RATES_DIR")


def test_demo__is_refused_beside_real_numbers(installation: Installation) -> None:
    assert_fails_in_one_line(installation.run("demo"), 2, "NETVEXA_DATA_DIR")
