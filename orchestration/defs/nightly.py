"""The nightly job and its schedule."""

from __future__ import annotations

import dagster as dg

from orchestration.settings import load_settings

JOB_NAME = "nightly"


@dg.definitions
def nightly() -> dg.Definitions:
    """Every asset and check, in one process, at 03:00 of the reporting time zone.

    The schedule runs wherever Dagster's daemon does; a warehouse that waits for a click would one day not be clicked.
    """
    job = dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all(),
        description="Sources → lake → warehouse → published version, with a gate before each replacement.",
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
    return dg.Definitions(jobs=[job], schedules=[schedule])
