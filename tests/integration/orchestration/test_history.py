"""Dagster's own records: they grow with every run, and only the newest runs are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.dagster_instance import open_instance, prune_history

TOLD = dg.AssetKey("told")


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="told")])
def told() -> dg.MaterializeResult:
    """An asset with a check, which every run records."""
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(tmp_path) as instance:
        yield instance


def run(instance: dg.DagsterInstance) -> str:
    return dg.materialize([told], instance=instance).run_id


def test_prune_history__keeps_the_newest_runs_and_gives_the_disk_back(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    runs = [run(instance) for _ in range(4)]
    prune_history(instance, keep=2)
    assert set(instance.get_run_ids()) == set(runs[2:])
    kept = {path.name.partition(".")[0] for path in tmp_path.rglob("*.db*")} & set(runs)
    assert kept == set(runs[2:])
    assert {path.name for path in (tmp_path / "storage").iterdir()} & set(runs) <= set(runs[2:])
    assert instance.get_latest_materialization_event(TOLD) is not None
    history = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(TOLD, "holds"), limit=9)
    assert {record.run_id for record in history} == set(runs[2:])


def test_prune_history__a_run_that_has_not_ended_stays(instance: dg.DagsterInstance) -> None:
    started = instance.create_run_for_job(dg.Definitions([told]).resolve_implicit_global_asset_job_def())
    run(instance)
    prune_history(instance, keep=0)
    assert list(instance.get_run_ids()) == [started.run_id]


def test_prune_history__the_records_go_on_and_an_asset_keeps_its_last_word(instance: dg.DagsterInstance) -> None:
    for _ in range(2):
        last = run(instance)
        prune_history(instance, keep=0)
        event = instance.get_latest_materialization_event(TOLD)
        assert event is not None
        assert event.run_id == last
