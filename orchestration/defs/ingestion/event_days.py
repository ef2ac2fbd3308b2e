"""The UTC days of `raw_app/events` as partitions: the page shows which have landed, and can have some read again.

A nightly run has no partition: it reads what is due. A run that is started with days reads those as well, which is what
`netvexa backfill --source app` does. Which days have landed is told from the lake, after every landing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg

from ingestion.contract import Backfill
from ingestion.lake import Lake
from ingestion.landing import read_manifests
from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings

EVENTS = dg.AssetKey(["raw_app", "events"])
# Source and table, as the lake's manifests have them.
_TABLE = ("app", "events")


def event_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """From the first day in the lake to the day that is running; from today on while the lake is empty."""
    days = [
        folder.name.partition("=")[2] for folder in Lake(DataLayout(settings.data_dir).lake).partition_folders(*_TABLE)
    ]
    first = min(days, default=(settings.as_of or datetime.now(UTC)).date().isoformat())
    return dg.DailyPartitionsDefinition(start_date=first, timezone="UTC", end_offset=1)


def days_asked(context: dg.AssetExecutionContext) -> Backfill | None:
    """The days that this run was started with, if any."""
    if not (context.has_partition_key or context.has_partition_key_range):
        return None
    asked = context.partition_key_range
    return Backfill(_TABLE[0], date.fromisoformat(asked.start), date.fromisoformat(asked.end))


def tell_landed_days(instance: dg.DagsterInstance, lake: Lake, run_id: str) -> None:
    """Record each day that this run landed, and those that Dagster does not know of.

    Not among the run's own events: those are dropped with the run when it grows old, and the days stay.
    """
    known = instance.get_materialized_partitions(EVENTS)
    for manifest in read_manifests(lake, *_TABLE):
        if manifest.run_id == run_id or manifest.partition_value not in known:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    EVENTS,
                    partition=manifest.partition_value,
                    metadata={
                        "dagster/row_count": manifest.landed_rows,
                        "quarantined_rows": manifest.quarantined_rows,
                        "run": manifest.run_id,
                    },
                )
            )
