"""The nightly job as a command: what it publishes and shows. What it does when sources fail stands in tests/faults."""

from __future__ import annotations

import duckdb

from tests.integration.orchestration.conftest import Installation


def test_nightly__publishes_what_the_sources_hold(installation: Installation) -> None:
    with duckdb.connect(str(installation.data / "published" / "current" / "warehouse.duckdb"), read_only=True) as marts:
        found = marts.execute("select count(*), sum(message_count) from marts.fct_conversations").fetchone()
    assert found == (34, 68)


def test_nightly__shows_its_progress_and_ends_with_the_headline_table(installation: Installation) -> None:
    outcome = installation.first_night
    assert outcome is not None
    assert outcome.stderr == ""
    parts = (
        "Sources",
        "raw_app.events: 136 rows",
        "Gate 1",
        "marts.fct_conversations: 34 rows",
        "Gate 2",
        "Publishing",
        "NETVEXA on 2026-11-19",
        "Weekly active agents",
        "Published version",
    )
    positions = [outcome.stdout.find(part) for part in parts]
    assert -1 not in positions, dict(zip(parts, positions, strict=True))
    assert positions == sorted(positions)


def test_nightly__makes_a_torn_warehouse_again(installation: Installation) -> None:
    before = installation.published_hash()
    (installation.data / "warehouse" / "netvexa.duckdb").write_bytes(b"torn" * 4096)
    outcome = installation.run("nightly")
    assert outcome.code == 0
    assert "built anew from the lake" in outcome.stdout
    assert installation.published_hash() == before


def test_nightly__a_blocking_check_replaces_and_publishes_nothing_and_says_why(installation: Installation) -> None:
    served = installation.current()
    landed = {path: path.stat().st_mtime_ns for path in (installation.data / "lake").rglob("*.parquet")}
    # A source that is empty after it had rows is a broken export, not a company without agents.
    with duckdb.connect(str(installation.company.app)) as app:
        app.execute("create table kept as from agents")
        app.execute("delete from agents")
    try:
        outcome = installation.run("nightly", NETVEXA_AS_OF="2026-11-21T02:00:00+00:00")
    finally:
        with duckdb.connect(str(installation.company.app)) as app:
            app.execute("insert into agents from kept")
            app.execute("drop table kept")
    assert outcome.code == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("netvexa: gate 1 refuses: ")
    assert "raw_app.agents" in line
    assert installation.current() == served
    assert {path: path.stat().st_mtime_ns for path in (installation.data / "lake").rglob("*.parquet")} == landed
