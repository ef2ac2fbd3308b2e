"""Claims about a long first load, what is read again, and what is noticed of a lake and a server over the years."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from adbc_driver_postgresql import dbapi
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from ingestion.contract import Backfill, RunContext, StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit, discard, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.app import extract
from ingestion.sources.app.extract import AppSource
from tests.integration.ingestion.app_database import Event, execute, insert_events
from tests.unit.ingestion.lake_cases import INSTANT, WALL_CLOCK, landed_rows, make_run

KEY = "k1:a secret of some length"
OTHERS = (
    "from pg_stat_activity"
    " where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()"
)
CUT = f"select pg_terminate_backend(pid) {OTHERS}"
FIRST_DAY, LAST_DAY = date(2026, 11, 1), date(2026, 11, 22)


def _history(*days: date, rows: int = 10) -> str:
    """Events of whole days, `rows` each."""
    return insert_events(
        _event(f"{day}-{n}", datetime(day.year, day.month, day.day, n % 24, tzinfo=UTC))
        for day in days
        for n in range(rows)
    )


def _event(event_id: str, received_at: datetime) -> Event:
    text = received_at.isoformat()
    return (event_id, "feature_used", None, None, None, '{"feature": "x"}', text, text)


@pytest.fixture
def long_history(app_in_postgres: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """22 days of 10 events, landing by 50 rows: 18 days are settled, the look-back and today are not."""
    monkeypatch.setattr(extract, "SETTLED_ROWS", 50)
    days = [FIRST_DAY + timedelta(days=n) for n in range(21)]
    execute(app_in_postgres, ["delete from events", _history(*days)])
    return app_in_postgres


@pytest.fixture
def undisturbed(long_history: str, tmp_path: Path) -> Lake:
    """What an undisturbed run lands."""
    lake = Lake(tmp_path / "undisturbed")
    _land(lake, long_history)
    return lake


def _land(lake: Lake, dsn: str, run: RunContext | None = None) -> list[StagedBatch]:
    """As orchestration lands: what has settled at once, the rest together."""
    batches = []
    for batch in AppSource(dsn, KEY).stage(lake, run or make_run()):
        batches.append(batch)
        commit(lake, batch)
    return batches


def _batches(lake: Lake, dsn: str, run: RunContext) -> Generator[StagedBatch]:
    yield from AppSource(dsn, KEY).stage(lake, run)


def _connections(dsn: str) -> int:
    """Sessions in the database besides the one that counts them."""
    with dbapi.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(f"select count(*) {OTHERS}")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _days(batch: StagedBatch) -> list[str]:
    return [partition.partition_value for partition in batch.partitions if partition.table == "events"]


def _assert_equal(lake: Lake, other: Lake) -> None:
    for table in ("accounts", "agents", "events"):
        assert landed_rows(lake, "app", table) == landed_rows(other, "app", table)
    counts = [
        {m.partition_value: m.source_rows for m in read_manifests(each, "app", "events")} for each in (lake, other)
    ]
    assert counts[0] == counts[1]


def test_first_load__lands_settled_days_apart_and_the_look_back_last(lake: Lake, long_history: str) -> None:
    batches = _land(lake, long_history)
    assert [batch.is_settled for batch in batches] == [True, True, True, False]
    assert [len(_days(batch)) for batch in batches] == [5, 5, 5, 7]
    assert {partition.table for partition in batches[-1].partitions} == {"accounts", "agents", "events"}
    assert _days(batches[-1])[-4:] == ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]
    assert len(landed_rows(lake, "app", "events")) == 210


def test_small_history__is_one_batch(lake: Lake, app_in_postgres: str) -> None:
    assert [batch.is_settled for batch in _land(lake, app_in_postgres)] == [False]


def test_first_load_that_is_killed__goes_on_where_it_was(lake: Lake, long_history: str, undisturbed: Lake) -> None:
    with closing(_batches(lake, long_history, make_run())) as batches:
        commit(lake, next(batches))
        next(batches)
    discard(lake, "run-1")
    rest = _land(lake, long_history, make_run("run-2"))
    # Behind the five days that landed, but for the look-back.
    assert _days(rest[0])[0] == "2026-11-02"
    _assert_equal(lake, undisturbed)


def test_load_that_is_stopped_in_the_middle__leaves_no_connection_open(lake: Lake, long_history: str) -> None:
    """As when gate 1 refuses settled days: nothing after them is read."""
    told: list[str] = []
    run = RunContext("run-1", INSTANT, lambda: WALL_CLOCK, told.append)
    with closing(_batches(lake, long_history, run)) as batches:
        next(batches)
        assert _connections(long_history) == 1
    # A server takes a moment to see that its client has gone.
    Retrying(retry=retry_if_result(bool), stop=stop_after_delay(30), wait=wait_fixed(0.1))(_connections, long_history)
    assert not [line for line in told if line.startswith("trying again")]


def test_connection_cut_in_the_middle__goes_on_behind_what_has_settled(
    lake: Lake, long_history: str, undisturbed: Lake
) -> None:
    told: list[str] = []
    staged: list[str] = []
    run = RunContext("run-1", INSTANT, lambda: WALL_CLOCK, told.append)
    for number, batch in enumerate(AppSource(long_history, KEY).stage(lake, run)):
        commit(lake, batch)
        staged += _days(batch)
        if number == 1:
            execute(long_history, [CUT])
    assert any(line.startswith("trying again") for line in told)
    assert len(staged) == len(set(staged)) == 22
    _assert_equal(lake, undisturbed)


def test_progress__tells_the_day_the_rows_and_the_pace(lake: Lake, long_history: str) -> None:
    told: list[str] = []
    seconds = iter(range(0, 100_000, 2))
    run = RunContext("run-1", INSTANT, lambda: WALL_CLOCK + timedelta(seconds=next(seconds)), told.append)
    _land(lake, long_history, run)
    paces = [line for line in told if "rows/s" in line]
    assert len(paces) >= 3
    assert paces[0].startswith("app.events: 2026-11-03 reached, 30 rows, 5 rows/s, 3 of 22 days")
    assert told[-1] == "app.events: 2026-11-01 to 2026-11-22, 210 rows"


def _backfill(first: date | None, last: date | None, **options: datetime) -> RunContext:
    return replace(make_run("run-2", **options), backfill=Backfill("app", first, last))


def test_backfill__reads_the_days_again_whatever_their_age(lake: Lake, long_history: str) -> None:
    _land(lake, long_history)
    late = datetime(2026, 11, 5, 12, tzinfo=UTC)
    execute(long_history, [insert_events([_event("late", late), _event("too-late", late - timedelta(days=1))])])
    (batch,) = _land(lake, long_history, _backfill(date(2026, 11, 5), date(2026, 11, 6)))
    assert _days(batch)[:2] == ["2026-11-05", "2026-11-06"]
    ids = {row["id"] for row in landed_rows(lake, "app", "events")}
    assert "late" in ids
    assert "too-late" not in ids


def test_backfill_without_days__reads_all_of_history(lake: Lake, long_history: str, undisturbed: Lake) -> None:
    _land(lake, long_history)
    batches = _land(lake, long_history, _backfill(None, None))
    assert len([day for batch in batches for day in _days(batch)]) == 22
    _assert_equal(lake, undisturbed)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (date(2026, 11, 20), date(2026, 11, 23), "2026-11-23 cannot be read again: the newest day .* is 2026-11-22"),
        (date(2026, 10, 31), date(2026, 11, 3), "2026-10-31 cannot be read again: .* begin on 2026-11-01"),
    ],
)
def test_backfill_of_days_that_are_not_there__is_refused_and_replaces_nothing(
    lake: Lake, long_history: str, first: date, last: date, told: str
) -> None:
    _land(lake, long_history)
    before = read_manifests(lake)
    with pytest.raises(PermanentSourceError, match=told):
        _land(lake, long_history, _backfill(first, last))
    assert read_manifests(lake) == before


def test_backfill_at_an_earlier_instant__cuts_no_day_short(lake: Lake, long_history: str, undisturbed: Lake) -> None:
    _land(lake, long_history)
    earlier = datetime(2026, 11, 10, 4, tzinfo=UTC)
    run = _backfill(date(2026, 11, 9), date(2026, 11, 10), instant=earlier, wall_clock=earlier + timedelta(hours=1))
    (batch,) = _land(lake, long_history, run)
    assert _days(batch) == ["2026-11-09"]
    assert any("2026-11-10: not read again" in warning for warning in batch.warnings)
    assert landed_rows(lake, "app", "events") == landed_rows(undisturbed, "app", "events")


def test_look_back__is_as_long_as_it_is_set(lake: Lake, long_history: str) -> None:
    _land(lake, long_history)
    (batch,) = AppSource(long_history, KEY, look_back=timedelta(days=6)).stage(lake, make_run("run-2"))
    assert _days(batch)[0] == "2026-11-16"


def _corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_byte_changed_in_a_landed_file__is_found_the_same_night(
    lake: Lake, long_history: str, undisturbed: Lake
) -> None:
    _land(lake, long_history)
    _corrupt(lake.partition("app", "events", "received_date", "2026-11-04") / "data.parquet")
    (batch,) = _land(lake, long_history, make_run("run-2"))
    assert [warning for warning in batch.warnings if "2026-11-04: damaged in the lake, read again" in warning]
    _assert_equal(lake, undisturbed)


def test_damaged_snapshot_of_a_past_day__stops_the_run_by_name_until_it_is_gone(
    lake: Lake, app_in_postgres: str
) -> None:
    _land(lake, app_in_postgres)
    folder = lake.partition("app", "accounts", "snapshot_date", "2026-11-22")
    _corrupt(folder / "data.parquet")
    tomorrow = make_run("run-2", INSTANT + timedelta(days=1), WALL_CLOCK + timedelta(days=1))
    with pytest.raises(PermanentSourceError, match=r"app\.accounts snapshot_date=2026-11-22: damaged in the lake"):
        _land(lake, app_in_postgres, tomorrow)
    shutil.rmtree(folder)
    assert len(_land(lake, app_in_postgres, tomorrow)) == 1


def test_damaged_snapshot_of_today__is_taken_again(lake: Lake, app_in_postgres: str) -> None:
    _land(lake, app_in_postgres)
    before = landed_rows(lake, "app", "accounts")
    _corrupt(lake.partition("app", "accounts", "snapshot_date", "2026-11-22") / "data.parquet")
    _land(lake, app_in_postgres, make_run("run-2"))
    assert landed_rows(lake, "app", "accounts") == before


@pytest.fixture
def open_transaction(app_in_postgres: str) -> Iterator[Callable[[], None]]:
    """A transaction that has written an event and is still open; calling it commits."""
    with dbapi.connect(app_in_postgres) as connection, connection.cursor() as cursor:
        cursor.execute(insert_events([_event("in-flight", datetime(2026, 11, 20, 12, tzinfo=UTC))]))
        yield connection.commit


def _in_days(days: int) -> RunContext:
    """A run some days from now by the server's own clock."""
    return replace(make_run(), wall_clock=lambda: datetime.now(UTC) + timedelta(days=days))


def test_transaction_older_than_the_look_back__is_warned_of(
    lake: Lake, app_in_postgres: str, open_transaction: Callable[[], None]
) -> None:
    (batch,) = _land(lake, app_in_postgres, _in_days(4))
    (warning,) = batch.warnings
    assert "a transaction has been open since" in warning
    (batch,) = _land(lake, app_in_postgres, _in_days(2))
    assert batch.warnings == ()


def test_transaction_that_may_not_be_seen__fails_nothing(
    lake: Lake, app_for_reader: str, open_transaction: Callable[[], None]
) -> None:
    (batch,) = _land(lake, app_for_reader, _in_days(4))
    assert batch.warnings == ()


def test_transaction_open_past_the_run__lands_with_the_next(
    lake: Lake, app_in_postgres: str, open_transaction: Callable[[], None]
) -> None:
    _land(lake, app_in_postgres)
    assert "in-flight" not in {row["id"] for row in landed_rows(lake, "app", "events")}
    open_transaction()
    _land(lake, app_in_postgres, make_run("run-2"))
    assert "in-flight" in {row["id"] for row in landed_rows(lake, "app", "events")}
