"""Dagster's own home under the data directory, so that every run shows on its page wherever it was started."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.lib.recovery import RUNS_KEPT

if TYPE_CHECKING:
    from dagster import DagsterInstance

_CONFIGURATION = """\
# Written by netvexa at every start; what is not named here is Dagster's default.
telemetry:
  enabled: false
# The page opens on the lineage, not on an invitation to sign up.
nux:
  enabled: false
event_log_storage:
  module: orchestration.event_log_storage
  class: PooledEventLogStorage
  config:
    base_dir: {history}
"""


def prepare_home(home: Path) -> Path:
    """Make the folder and its dagster.yaml. Written anew each time, because a data directory may have been moved."""
    home.mkdir(parents=True, exist_ok=True)
    aside = home / "dagster.yaml.tmp"
    aside.write_text(_CONFIGURATION.format(history=json.dumps(str(home / "history"))), encoding="utf-8")
    aside.replace(home / "dagster.yaml")
    return home


def open_instance(home: Path) -> DagsterInstance:
    """The instance whose records lie in `home`."""
    import dagster as dg  # 2 s

    return dg.DagsterInstance.from_config(str(prepare_home(home)))


def prune_history(instance: DagsterInstance, keep: int = RUNS_KEPT) -> None:
    """Forget all but the newest `keep` runs: each leaves some 9 MB. A run that has not ended is not forgotten."""
    from dagster import RunsFilter
    from dagster._core.storage.dagster_run import FINISHED_STATUSES

    _forget(instance, instance.get_run_ids(RunsFilter(statuses=FINISHED_STATUSES))[keep:])


def forget_runs_through(instance: DagsterInstance, through: date) -> int:
    """Forget the runs made on UTC days up to `through`; returns how many. A run that has not ended is not forgotten."""
    from dagster import RunsFilter
    from dagster._core.storage.dagster_run import FINISHED_STATUSES

    day_after = datetime.combine(through + timedelta(days=1), time(), tzinfo=UTC)
    old = instance.get_run_ids(RunsFilter(statuses=FINISHED_STATUSES, created_before=day_after))
    _forget(instance, old)
    return len(old)


def _forget(instance: DagsterInstance, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
