"""Claims about a server that fails while a long history is read: what lands equals an undisturbed load, row for row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestion.contract import RunContext
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.app import extract
from ingestion.sources.app.extract import AppSource
from tests.integration.ingestion.app_database import POSTGRES_TYPES, execute, statements
from tests.postgres_server import PostgresServer, running_postgres
from tests.unit.ingestion.lake_cases import INSTANT, WALL_CLOCK, landed_rows

KEY = "k1:a secret of some length"
EVENTS = 150_000
CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)
# 20 days; every thousandth event lacks its agent. More of a read than client and server hold between them.
FILL = f"""
insert into events
select md5('event' || n), 'message_sent', 'a1', case when n % 1000 <> 0 then 'g1' end, 'c' || n / 10, 'v' || n / 10,
  jsonb_build_object('sender', 'visitor', 'text', 'my secret question'), at, at, '203.0.113.9'
from (
  select n, timestamptz '2026-11-01 00:00:00+00' + n * interval '20 days' / {EVENTS} as at
  from generate_series(0, {EVENTS - 1}) as n
) as numbered"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of its own: these tests stop it."""
    with running_postgres() as server:
        execute(server.dsn, [*statements(POSTGRES_TYPES), "delete from events", FILL])
        yield server


@pytest.fixture(scope="module")
def undisturbed(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """What one undisturbed run lands, in one batch."""
    lake = Lake(tmp_path_factory.mktemp("undisturbed"))
    _load(lake, server, lambda number: None, lambda message: None)
    return lake


@pytest.fixture(autouse=True)
def many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "SETTLED_ROWS", 20_000)


def _load(
    lake: Lake, server: PostgresServer, landed: Callable[[int], None], told: Callable[[str], None]
) -> Counter[str]:
    """Land batch by batch; `landed` hears each number, `told` each line. Returns how often each day was staged."""
    run = RunContext("run-1", INSTANT, lambda: WALL_CLOCK, told)
    days: Counter[str] = Counter()
    for number, batch in enumerate(AppSource(server.dsn, KEY).stage(lake, run)):
        commit(lake, batch)
        days.update(partition.partition_value for partition in batch.partitions if partition.table == "events")
        landed(number)
    return days


def _assert_undisturbed(lake: Lake, undisturbed: Lake) -> None:
    manifests = read_manifests(lake, "app", "events")
    assert sum(manifest.source_rows for manifest in manifests) == EVENTS
    assert sum(manifest.quarantined_rows for manifest in manifests) == EVENTS // 1000
    assert {m.partition_value: m.files for m in manifests} == {
        m.partition_value: m.files for m in read_manifests(undisturbed, "app", "events")
    }


@pytest.mark.parametrize("after", [0, 3])
def test_connection_cut_while_rows_are_streaming__nothing_is_read_twice_or_lost(
    tmp_path: Path, server: PostgresServer, undisturbed: Lake, after: int
) -> None:
    told: list[str] = []
    lake = Lake(tmp_path)

    def cut(number: int) -> None:
        if number == after:
            execute(server.dsn, [CUT])

    days = _load(lake, server, cut, told.append)
    assert len([line for line in told if line.startswith("trying again")]) == 1
    assert set(days.values()) == {1}
    _assert_undisturbed(lake, undisturbed)


def test_server_that_crashes_and_comes_back__is_read_on(
    tmp_path: Path, server: PostgresServer, undisturbed: Lake
) -> None:
    lake = Lake(tmp_path)

    def crash(number: int) -> None:
        if number == 1:
            server.stop("immediate")

    def come_back(message: str) -> None:
        if message.startswith("trying again (2"):
            server.start()

    _load(lake, server, crash, come_back)
    _assert_undisturbed(lake, undisturbed)


def test_column_renamed_while_the_connection_is_cut__stops_with_what_has_settled(
    tmp_path: Path, server: PostgresServer, undisturbed: Lake
) -> None:
    lake = Lake(tmp_path)
    rename = "alter table events rename column visitor_id to visitor"

    def cut_and_rename(number: int) -> None:
        if number == 1:
            execute(server.dsn, [CUT, rename])

    try:
        with pytest.raises(PermanentSourceError, match=r"events\.visitor_id is missing"):
            _load(lake, server, cut_and_rename, lambda message: None)
    finally:
        execute(server.dsn, ["alter table events rename column visitor to visitor_id"])
    assert 2 * 20_000 <= len(landed_rows(lake, "app", "events")) < EVENTS
    _load(lake, server, lambda number: None, lambda message: None)
    _assert_undisturbed(lake, undisturbed)
