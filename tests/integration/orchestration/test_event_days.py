"""Which UTC days of events Dagster shows as landed, and what a run does that is started with days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from ingestion.contract import Backfill, RunContext, StagedBatch, TableContract
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.sources.app.contract import EVENTS
from ingestion.staging import PartitionWriter, Provenance
from orchestration.dagster_instance import open_instance, prune_history
from orchestration.definitions import defs
from orchestration.defs.ingestion.event_days import EVENTS as EVENT_ASSET
from orchestration.defs.ingestion.event_days import tell_landed_days
from orchestration.defs.ingestion.raw_tables import raw_tables
from orchestration.lib.jobs import NIGHTLY
from orchestration.lib.paths import DataLayout
from orchestration.lib.session import RunSession
from orchestration.settings import load_settings
from tests.unit.orchestration.conftest import RecordedProgress

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
Land = Callable[..., dg.ExecuteInProcessResult]
HISTORY = ("2026-11-16", "2026-11-17", "2026-11-18")
DUE = ("2026-11-18", "2026-11-19")


def empty_days(lake: Lake, days: Sequence[str], run_id: str) -> StagedBatch:
    run = RunContext(run_id, NOW, lambda: NOW, lambda _: None)
    partitions = []
    for day in days:
        with PartitionWriter(lake, run, EVENTS, day, Provenance("a test", read_to=NOW)) as writer:
            writer.write(pa.Table.from_pylist([], EVENTS.schema))
            partitions.append(writer.finish())
    return StagedBatch("app", tuple(partitions))


@dataclass
class EventDays:
    """A source of empty days: those that are due, and those it is asked for."""

    asked: list[Backfill | None] = field(default_factory=list)

    name = "app"
    tables: tuple[TableContract, ...] = (EVENTS,)

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        self.asked.append(run.backfill)
        yield empty_days(lake, DUE, run.run_id)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory whose lake holds some days, that no run of Dagster has landed."""
    folder = tmp_path_factory.mktemp("event_days")
    lake = Lake(DataLayout(folder).lake)
    commit(lake, empty_days(lake, HISTORY, "earlier"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NETVEXA_DATA_DIR", str(folder))
        environment.setenv("NETVEXA_AS_OF", NOW.isoformat())
        environment.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def definitions(data: Path) -> dg.Definitions:
    return defs()


@pytest.fixture(scope="module")
def raw(data: Path) -> dg.Definitions:
    """The raw tables alone."""
    return raw_tables()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(tmp_path) as instance:
        yield instance


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> EventDays:
    source = EventDays()

    @contextmanager
    def sources(*_: object) -> Iterator[tuple[EventDays, ...]]:
        yield (source,)

    monkeypatch.setattr("orchestration.lib.landing.open_sources", sources)
    return source


@pytest.fixture
def land(raw: dg.Definitions, data: Path, instance: dg.DagsterInstance) -> Land:
    """The nightly job, as far as the lake."""
    session = RunSession(load_settings(), DataLayout(data), NOW, NOW, lambda: NOW, RecordedProgress())
    landing = dg.define_asset_job("landing", selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor)
    job = dg.Definitions.merge(raw, dg.Definitions(jobs=[landing], resources={"session": session})).resolve_job_def(
        "landing"
    )

    def run(partition_key: str | None = None, tags: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(instance=instance, partition_key=partition_key, tags=tags)

    return run


def landed_days(instance: dg.DagsterInstance) -> list[str]:
    return sorted(instance.get_materialized_partitions(EVENT_ASSET))


def test_nightly__has_no_partition_and_tells_which_days_have_landed(
    land: Land, instance: dg.DagsterInstance, source: EventDays
) -> None:
    assert land().success
    assert source.asked == [None]
    assert landed_days(instance) == sorted({*HISTORY, *DUE})


def test_nightly__started_with_a_day_reads_that_day_again(land: Land, source: EventDays) -> None:
    assert land(partition_key="2026-11-17").success
    assert source.asked == [Backfill("app", date(2026, 11, 17), date(2026, 11, 17))]


def test_nightly__started_with_a_range_of_days_reads_them_in_one_run(
    land: Land, instance: dg.DagsterInstance, source: EventDays
) -> None:
    # What the page sends, for the step's policy is one run for all chosen days.
    tags = {"dagster/asset_partition_range_start": "2026-11-16", "dagster/asset_partition_range_end": "2026-11-18"}
    assert land(tags=tags).success
    assert source.asked == [Backfill("app", date(2026, 11, 16), date(2026, 11, 18))]
    assert len(instance.get_run_ids()) == 1


def test_event_days__reach_from_the_first_in_the_lake_to_the_running_one(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(EVENT_ASSET)
    assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)
    days = node.partitions_def.get_partition_keys(current_time=NOW)
    assert (days[0], days[-1]) == (HISTORY[0], "2026-11-20")


def test_nightly__takes_days_without_gaps_in_one_run(definitions: dg.Definitions) -> None:
    # Two would want the lock at once.
    assert definitions.resolve_job_def(NIGHTLY).backfill_policy == dg.BackfillPolicy.single_run()


def test_tell_landed_days__tells_of_no_day_twice_but_of_those_of_the_run(
    instance: dg.DagsterInstance, data: Path
) -> None:
    lake = Lake(DataLayout(data).lake)
    tell_landed_days(instance, lake, "another")
    tell_landed_days(instance, lake, "another")
    told = instance.fetch_materializations(EVENT_ASSET, limit=100).records
    assert len(told) == len(landed_days(instance))
    newest = told[0].asset_materialization
    assert newest is not None
    assert newest.metadata["dagster/row_count"].value == 0


def test_landed_days__stay_known_when_the_run_that_landed_them_is_forgotten(
    land: Land, instance: dg.DagsterInstance, source: EventDays
) -> None:
    land()
    prune_history(instance, keep=0)
    assert list(instance.get_run_ids()) == []
    assert landed_days(instance) == sorted({*HISTORY, *DUE})


def test_schedule__starts_the_night_without_a_partition(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    schedule = definitions.resolve_schedule_def(f"{NIGHTLY}_schedule")
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=NOW) as context:
        (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key is None
    assert not [tag for tag in request.tags if "partition" in tag]
