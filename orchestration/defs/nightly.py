"""The nightly job and its schedule, and the job that makes the numbers again out of the lake as it is."""

from __future__ import annotations

import dagster as dg

from orchestration.lib.jobs import NIGHTLY, REBUILD
from orchestration.settings import load_settings

# What reads the sources: the systems themselves, and the tables they land in.
FROM_SOURCES = ("business", "ingestion")


@dg.definitions
def nightly() -> dg.Definitions:
    """Every asset and check, in one process, at 03:00 of the reporting time zone; and all after the lake, when asked.

    The schedule runs wherever Dagster's daemon does; a warehouse that waits for a click would one day not be clicked.
    """
    job = dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        description="Sources → lake → warehouse → published version, with a gate before each replacement.",
        executor_def=dg.in_process_executor,
        tags={"team": "data"},
    )
    rebuild = dg.define_asset_job(
        REBUILD,
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups(*FROM_SOURCES),
        description="Lake as it is → warehouse → gate 2 → published version. No source is read.",
        executor_def=dg.in_process_executor,
        tags={"team": "data"},
    )
    schedule = dg.ScheduleDefinition(
        job=job,
        cron_schedule="0 3 * * *",
        execution_timezone=load_settings().reporting_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Once a night, when the last local day is complete and few people read.",
    )
    return dg.Definitions(jobs=[job, rebuild], schedules=[schedule])
