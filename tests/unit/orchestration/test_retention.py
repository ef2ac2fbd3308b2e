"""Which days leave, and what of logs, versions and quarantined rows goes with them."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion.contract import QUARANTINE_SCHEMA, RunContext, StagedBatch
from ingestion.expiry import expired_quarantines, forget_quarantined_rows
from ingestion.folding.contract import DAYS
from ingestion.lake import MANIFEST_FILE, QUARANTINE_FILE, Lake
from ingestion.landing import commit, is_intact, read_manifests
from ingestion.quarantine import counts_set_aside, rows_set_aside
from ingestion.sources.app.contract import EVENTS
from ingestion.staging import PartitionWriter, Provenance
from orchestration.failures import ConfigurationError
from orchestration.lib.leaving import last_leaving_day
from orchestration.lib.old_logs import date_dbt_log, old_logs, remove_logs
from orchestration.lib.paths import DataLayout
from orchestration.lib.retention import due, refuse_days_that_left, retain
from orchestration.lib.session import RunSession
from orchestration.settings import Settings
from serving.version import MANIFEST_FILE as VERSION_MANIFEST
from serving.version import Version, manifest_of
from serving.versions import point_current_at, version_ids
from tests.unit.orchestration.conftest import RecordedProgress

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "leaves"),
    [
        (datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC), False),
        (datetime(2026, 2, 1, tzinfo=UTC), True),
    ],
)
def test_a_day__leaves_when_more_days_than_are_kept_lie_behind_it(instant: datetime, leaves: bool) -> None:
    assert (date(2026, 1, 1) <= last_leaving_day(instant, 30)) == leaves


def test_a_day__is_a_day_of_utc_wherever_the_run_stands() -> None:
    instant = datetime.fromisoformat("2026-02-01T01:00:00+02:00")
    assert last_leaving_day(instant, 30) == date(2025, 12, 31)


def land(lake: Lake, day: date, read_at: datetime, reasons: int) -> None:
    run = RunContext("r", read_at, lambda: read_at, lambda text: None)
    with PartitionWriter(lake, run, EVENTS, day.isoformat(), Provenance("a test")) as writer:
        rows = [{"key": f"e{number}", "reason": "no id", "origin": "a test"} for number in range(reasons)]
        writer.set_aside(pa.Table.from_pylist(rows, QUARANTINE_SCHEMA))
        commit(lake, StagedBatch("app", (writer.finish(),)))


def test_quarantined_rows__leave_and_their_counts_stay(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    # Events of years ago that were read yesterday have been set aside for a day.
    for day, read_at in ((date(2026, 1, 1), JANUARY), (date(2020, 1, 1), JANUARY + timedelta(days=1))):
        land(lake, day, read_at, reasons=2)
    before = counts_set_aside(lake)
    left = forget_quarantined_rows(lake, date(2026, 1, 1))
    assert [manifest.partition_value for manifest in left] == ["2026-01-01"]
    assert counts_set_aside(lake) == before
    assert {row.partition_value for row in rows_set_aside(lake)} == {"2020-01-01"}
    assert [path.parent.name for path in tmp_path.rglob(QUARANTINE_FILE)] == ["received_date=2020-01-01"]
    assert all(is_intact(lake, manifest) for manifest in read_manifests(lake))
    assert forget_quarantined_rows(lake, date(2026, 1, 1)) == []


def test_quarantined_rows__that_a_kill_left_without_a_name_leave_with_the_next_run(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    land(lake, date(2026, 1, 1), JANUARY, reasons=2)
    folder = lake.partition("app", "events", "received_date", "2026-01-01")
    document = json.loads((folder / MANIFEST_FILE).read_text())
    del document["files"][QUARANTINE_FILE]
    (folder / MANIFEST_FILE).write_text(json.dumps(document))
    assert len(expired_quarantines(lake, date(2026, 1, 1))) == 1
    forget_quarantined_rows(lake, date(2026, 1, 1))
    assert not (folder / QUARANTINE_FILE).exists()


@pytest.fixture
def layout(tmp_path: Path) -> DataLayout:
    return DataLayout(tmp_path)


def test_logs__leave_by_the_day_in_their_names(layout: DataLayout) -> None:
    stay = [
        layout.runs / "20260824T020000Z-aaaaaaaa",
        layout.api_audit / "api-2026-08-24.jsonl",
        layout.superset / "superset-2026-08-24.log",
        layout.logs / "dbt.log",
    ]
    leave = [
        layout.api_audit / "api-2026-08-23.jsonl",
        layout.logs / "dbt-2026-08-23.log",
        layout.runs / "20260823T235959Z-aaaaaaaa",
        layout.superset / "superset-2026-08-23.log",
    ]
    for path in (*stay, *leave):
        if path.suffix:
            path.parent.mkdir(exist_ok=True)
            path.write_text("a line\n")
        else:
            path.mkdir(parents=True)
            (path / "run.log").write_text("a line\n")
    found = old_logs(layout, last_leaving_day(NOW, 90))
    assert found == sorted(leave)
    remove_logs(found)
    assert all(path.exists() for path in stay)
    assert not any(path.exists() for path in leave)


def test_dbt_log__is_named_by_its_day_before_another_begins(layout: DataLayout) -> None:
    layout.logs.mkdir()
    log = layout.logs / "dbt.log"
    log.write_text("of yesterday\n")
    yesterday = (NOW - timedelta(days=1)).timestamp()
    os.utime(log, (yesterday, yesterday))
    date_dbt_log(layout.logs, NOW)
    assert (layout.logs / "dbt-2026-11-21.log").read_text() == "of yesterday\n"
    log.write_text("of today\n")
    os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    date_dbt_log(layout.logs, NOW)
    assert log.read_text() == "of today\n"


def test_due__names_what_leaves_and_touches_nothing(layout: DataLayout) -> None:
    lake = Lake(layout.lake)
    land(lake, date(2021, 11, 21), JANUARY, reasons=1)
    land(lake, date(2021, 11, 22), NOW, reasons=1)
    (layout.runs / "20260101T020000Z-aaaaaaaa").mkdir(parents=True)
    before = sorted(layout.root.rglob("*"))
    leaving = due(Settings(), layout, NOW)
    assert leaving.event_days == ("2021-11-21",)
    assert leaving.quarantines == ("app.events received_date=2021-11-21",)
    assert len(leaving.logs) == 1
    assert list(leaving.lines()) == [
        "1 days of events: 2021-11-21",
        "1 partitions' quarantined rows: app.events received_date=2021-11-21",
        "1 logs and run folders: 20260101T020000Z-aaaaaaaa",
    ]
    assert sorted(layout.root.rglob("*")) == before


def publish(layout: DataLayout, published_at: datetime) -> str:
    """A version of that instant, served from now on; returns its id."""
    folder = layout.published / f"{published_at:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    version = Version(folder.name, folder, "r", published_at, published_at.date(), published_at, "", ())
    (folder / VERSION_MANIFEST).write_text(json.dumps(manifest_of(version)))
    point_current_at(layout.published, folder.name)
    return folder.name


@pytest.fixture
def kept_400_days() -> Settings:
    kinds = ("EVENTS", "QUARANTINE", "LOGS", "VERSIONS")
    return Settings(_env_file=None, **{f"NETVEXA_RETENTION_{kind}_DAYS": 400 for kind in kinds})


FIRST_OF_DAY = datetime(2025, 1, 1, tzinfo=UTC)
LAST_OF_DAY = datetime(2025, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "leaves"), [(timedelta(days=401), True), (timedelta(days=401, microseconds=-1), False)]
)
def test_due__of_every_kind_is_the_same_day_and_no_other(
    layout: DataLayout, kept_400_days: Settings, instant: timedelta, leaves: bool
) -> None:
    lake = Lake(layout.lake)
    for day, read_at in (
        (LAST_OF_DAY.date(), LAST_OF_DAY),
        (date(2025, 1, 2), LAST_OF_DAY + timedelta(microseconds=1)),
    ):
        land(lake, day, read_at, reasons=1)
        (layout.runs / f"{read_at:%Y%m%dT%H%M%SZ}-aaaaaaaa").mkdir(parents=True)
    old = [publish(layout, at) for at in (FIRST_OF_DAY, LAST_OF_DAY, LAST_OF_DAY + timedelta(microseconds=1))]
    publish(layout, NOW)
    leaving = due(kept_400_days, layout, FIRST_OF_DAY + instant)
    assert leaving.event_days == (("2025-01-01",) if leaves else ())
    assert leaving.quarantines == (("app.events received_date=2025-01-01",) if leaves else ())
    assert [path.name for path in leaving.logs] == (["20250101T235959Z-aaaaaaaa"] if leaves else [])
    assert leaving.versions == (tuple(old[:2]) if leaves else ())


def test_versions__leave_with_their_day_and_the_one_that_is_served_stays(
    layout: DataLayout, kept_400_days: Settings
) -> None:
    served = publish(layout, FIRST_OF_DAY)
    publish(layout, LAST_OF_DAY)
    stays = publish(layout, LAST_OF_DAY + timedelta(seconds=1))
    point_current_at(layout.published, served)
    instant = FIRST_OF_DAY + timedelta(days=401)
    left = retain(RunSession(kept_400_days, layout, instant, instant, lambda: instant, RecordedProgress()), "r")
    assert left.versions == ("20250101T235959Z",)
    assert version_ids(layout.published) == (served, stays)
    again = RunSession(kept_400_days, layout, instant, instant, lambda: instant, RecordedProgress())
    assert not any(retain(again, "r").lines())


def test_backfill__of_a_day_that_has_left_is_refused_before_anything_is_read(layout: DataLayout) -> None:
    lake = Lake(layout.lake)
    run = RunContext("r", NOW, lambda: NOW, lambda text: None)
    with PartitionWriter(lake, run, DAYS, "2024-10-22", Provenance("a test")) as writer:
        commit(lake, StagedBatch("folded", (writer.finish(),)))
    refuse_days_that_left(layout, date(2024, 10, 23))
    with pytest.raises(ConfigurationError, match="--from 2024-10-23 is the earliest"):
        refuse_days_that_left(layout, date(2024, 10, 22))
