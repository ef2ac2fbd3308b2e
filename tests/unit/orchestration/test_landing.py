"""The way into the lake, with the real gate: settled history lands piece by piece, all else together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingestion.contract import Backfill, RunContext, StagedBatch, TableContract
from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.sources.app.contract import EVENTS
from orchestration.lib.instructions import Instructions, accepted_volume
from orchestration.lib.landing import land_sources
from orchestration.lib.paths import DataLayout
from orchestration.lib.session import RunSession
from orchestration.settings import Settings
from tests.unit.orchestration.conftest import RecordedProgress
from tests.unit.orchestration.lakes import NOW, event_rows, land, staged


@dataclass(frozen=True)
class Piece:
    """Days of events that a source stages as one batch."""

    days: dict[str, Sequence[dict[str, Any]]]
    is_settled: bool = True


@dataclass
class EventsInPieces:
    """A source of events alone; remembers what it was asked and how far it was read."""

    pieces: Sequence[Piece]
    asked: list[Backfill | None] = field(default_factory=list)
    staged: int = 0

    name = "app"
    tables: tuple[TableContract, ...] = (EVENTS,)

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        self.asked.append(run.backfill)
        for piece in self.pieces:
            self.staged += 1
            partitions = (staged(lake, EVENTS, day, rows, run_id=run.run_id) for day, rows in piece.days.items())
            yield StagedBatch("app", tuple(partitions), is_settled=piece.is_settled)


Reading = Callable[..., EventsInPieces]


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    """The run's only source becomes one of these pieces."""

    def source_of(*pieces: Piece) -> EventsInPieces:
        source = EventsInPieces(pieces)

        @contextmanager
        def sources(*_: object) -> Iterator[tuple[EventsInPieces, ...]]:
            yield (source,)

        monkeypatch.setattr("orchestration.lib.landing.open_sources", sources)
        return source

    return source_of


@pytest.fixture
def session(tmp_path: Path, progress: RecordedProgress) -> RunSession:
    return session_of(tmp_path, progress)


def session_of(
    folder: Path, progress: RecordedProgress, instructions: Instructions | None = None, **variables: Any
) -> RunSession:
    """A run of a company with sources of its own: the sample company's days may be nearly empty."""
    settings = Settings(
        _env_file=None, NETVEXA_DATA_DIR=folder, NETVEXA_APP_DSN="postgresql://reader@127.0.0.1/app", **variables
    )
    return RunSession(settings, DataLayout(folder), NOW, NOW, lambda: NOW, progress, instructions or Instructions())


def landed_days(session: RunSession) -> list[str]:
    return [manifest.partition_value for manifest in read_manifests(Lake(session.layout.lake), "app", "events")]


def test_landing__a_long_first_load_lands_in_pieces_and_no_warning_is_lost(
    session: RunSession, reading: Reading, progress: RecordedProgress
) -> None:
    # Every id of the second piece comes twice, which gate 1 warns of.
    twice = [*event_rows("2026-11-02", 60), *event_rows("2026-11-02", 60)]
    reading(
        Piece({"2026-11-01": event_rows("2026-11-01", 60)}),
        Piece({"2026-11-02": twice}),
        Piece({"2026-11-03": event_rows("2026-11-03", 60)}),
        Piece({"2026-11-19": event_rows("2026-11-19", 60)}, is_settled=False),
    )
    landing = land_sources(session, "run")
    assert landed_days(session) == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-19"]
    assert not landing.report.blocking_failures
    (warning,) = landing.report.warnings
    assert "2026-11-02" in warning.message
    assert progress.warnings == [warning.message]
    assert [(count.landed_rows, count.partitions) for count in landing.tables] == [(300, 4)]


def test_landing__history_that_is_refused_stops_the_reading_and_what_landed_before_it_stays(
    session: RunSession, reading: Reading
) -> None:
    source = reading(
        Piece({"2026-11-01": event_rows("2026-11-01", 60)}),
        Piece({"2026-11-02": event_rows("2026-11-02", 60, sender="bot")}),
        Piece({"2026-11-03": event_rows("2026-11-03", 60)}),
        Piece({"2026-11-19": event_rows("2026-11-19", 60)}, is_settled=False),
    )
    landing = land_sources(session, "run")
    assert [failure.spec.name for failure in landing.report.blocking_failures] == ["senders_are_known"]
    assert landed_days(session) == ["2026-11-01"]
    assert source.staged == 2
    assert not Lake(session.layout.lake).staging("run").exists()


def test_landing__history_may_hold_quiet_days_that_tonight_may_not(session: RunSession, reading: Reading) -> None:
    usual = {day: event_rows(day, 60) for day in ("2026-10-22", "2026-10-29", "2026-11-05")}
    quiet = {"2026-11-12": event_rows("2026-11-12", 1)}
    reading(Piece(usual), Piece(quiet), Piece({"2026-11-19": event_rows("2026-11-19", 29)}, is_settled=False))
    landing = land_sources(session, "run")
    (failure,) = landing.report.blocking_failures
    assert failure.spec.name == "volume_is_not_halved"
    assert "2026-11-19" in failure.message
    assert landed_days(session) == [*usual, *quiet]


def test_landing__a_halved_day_lands_when_a_person_accepts_its_volume(
    tmp_path: Path, reading: Reading, progress: RecordedProgress
) -> None:
    session = session_of(tmp_path, progress, Instructions(accepted_volume=accepted_volume(["raw_app.events"])))
    lake = Lake(session.layout.lake)
    land(lake, staged(lake, EVENTS, "2026-11-18", event_rows("2026-11-18", 100)))
    reading(Piece({"2026-11-18": event_rows("2026-11-18", 49)}, is_settled=False))
    landing = land_sources(session, "run")
    assert not landing.report.blocking_failures
    (manifest,) = read_manifests(lake, "app", "events")
    assert manifest.landed_rows == 49
    assert "raw_app.events" in progress.warnings[0]
    assert "volume_is_not_halved: 0.49" in progress.warnings[1]


def test_landing__a_companys_own_limit_decides(tmp_path: Path, reading: Reading, progress: RecordedProgress) -> None:
    session = session_of(tmp_path, progress)
    lake = Lake(session.layout.lake)
    land(lake, staged(lake, EVENTS, "2026-11-18", event_rows("2026-11-18", 100)))
    reading(Piece({"2026-11-18": event_rows("2026-11-18", 79)}, is_settled=False))
    assert not land_sources(session, "first").report.blocking_failures
    reading(Piece({"2026-11-18": event_rows("2026-11-18", 60)}, is_settled=False))
    strict = session_of(tmp_path, progress, NETVEXA_VOLUME_MIN_RATIO=0.8)
    refused = land_sources(strict, "second").report.blocking_failures
    assert [failure.spec.name for failure in refused] == ["volume_is_not_halved"]


def test_landing__tells_every_source_what_to_read_again(
    session: RunSession, reading: Reading, progress: RecordedProgress
) -> None:
    source = reading(Piece({"2026-11-18": event_rows("2026-11-18", 2)}, is_settled=False))
    asked = Backfill("app", date(2026, 11, 18), date(2026, 11, 18))
    land_sources(session, "run", asked)
    assert source.asked == [asked]
    assert "reading again: app, 2026-11-18 to 2026-11-18" in progress.done_lines
