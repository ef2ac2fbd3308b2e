"""What has been kept long enough leaves: events summed up first, quarantined rows, logs, versions.

Belongs here: which of it is due, and the order in which it goes. Does not: the rule of days (leaving), the sums (dbt's
`int_folds__*`), how a fold lands (ingestion.folding), Dagster's records (the asset and the command see to them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import duckdb

from orchestration.failures import ConfigurationError, RunFailedError
from orchestration.lib.audit import withdraw_audit
from orchestration.lib.dbt_build import build_warehouse, parse_project
from orchestration.lib.leaving import last_leaving_day
from orchestration.lib.old_logs import old_logs, remove_logs
from orchestration.lib.paths import DataLayout
from orchestration.lib.session import RunSession
from orchestration.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from ingestion.folding.fold import Fold
    from ingestion.lake import Lake
    from ingestion.manifest import Manifest

_FOLDS = ("days", "agent_days", "trial_events", "event_counts", "deliveries")


@dataclass(frozen=True)
class Due:
    """What leaves at an instant: days of events and partitions by name, paths of logs, ids of versions."""

    events_through: date
    logs_through: date
    event_days: tuple[str, ...]
    quarantines: tuple[str, ...]
    logs: tuple[Path, ...]
    versions: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The same for people: one line a kind that has something."""
        for what, names in (
            ("days of events", self.event_days),
            ("partitions' quarantined rows", self.quarantines),
            ("logs and run folders", tuple(path.name for path in self.logs)),
            ("published versions", self.versions),
        ):
            if names:
                span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
                yield f"{len(names):,} {what}: {span}"


def due(settings: Settings, layout: DataLayout, instant: datetime) -> Due:
    """What leaves at `instant`, the run's; nothing is touched."""
    from ingestion.expiry import expired_quarantines  # pyarrow
    from ingestion.lake import Lake
    from ingestion.landing import read_manifests

    lake = Lake(layout.lake)
    events_through = last_leaving_day(instant, settings.retention_events_days)
    logs_through = last_leaving_day(instant, settings.retention_logs_days)
    quarantines = expired_quarantines(lake, last_leaving_day(instant, settings.retention_quarantine_days))
    days = (manifest.partition_value for manifest in read_manifests(lake, "app", "events"))
    return Due(
        events_through=events_through,
        logs_through=logs_through,
        event_days=tuple(day for day in days if day <= events_through.isoformat()),
        quarantines=tuple(_named(manifest) for manifest in quarantines),
        logs=tuple(old_logs(layout, logs_through)),
        versions=_old_versions(settings, layout, instant),
    )


def retain(session: RunSession, run_id: str) -> Due:
    """Let go of what is due at the run's instant, and say what left.

    Call it with a lake that is not being written to. The warehouse must be built again afterwards.

    Raises:
        RunFailedError: the sums of the events do not hold what the days hold; nothing has left then.
    """
    from ingestion.expiry import forget_quarantined_rows
    from ingestion.lake import Lake
    from serving.versions import drop_published_by

    lake = Lake(session.layout.lake)
    leaving = due(session.settings, session.layout, session.instant)
    session.progress.phase("Retention")
    if leaving.event_days:
        _let_go_of_events(session, lake, run_id, leaving.events_through)
    forget_quarantined_rows(lake, last_leaving_day(session.instant, session.settings.retention_quarantine_days))
    remove_logs(list(leaving.logs))
    if leaving.versions:
        drop_published_by(session.layout.published, _versions_published_by(session.settings, session.instant))
    for line in leaving.lines():
        session.progress.done(f"left: {line}")
    return leaving


def refuse_days_that_left(layout: DataLayout, first: date | None) -> None:
    """Refuse to read a day of events again that counts by its sums.

    Raises:
        ConfigurationError: names the first day that can be read.
    """
    from ingestion.folding.fold import newest_folded_day
    from ingestion.lake import Lake

    newest = newest_folded_day(Lake(layout.lake))
    if first is not None and newest is not None and first <= newest:
        raise ConfigurationError(
            f"--from {first}: the events up to {newest} have left the lake, summed up by day (netvexa retention), and "
            f"cannot be read again; --from {newest + timedelta(days=1)} is the earliest"
        )


def _let_go_of_events(session: RunSession, lake: Lake, run_id: str, through: date) -> None:
    from ingestion.contract import RunContext
    from ingestion.folding.fold import folded_days, land_fold, remove_folded_days
    from ingestion.landing import read_manifests

    # What an interrupted run had summed up already only needs to go.
    remove_folded_days(lake)
    left = {day.isoformat() for day in folded_days(lake)}
    standing = [day.partition_value for day in read_manifests(lake, "app", "events")]
    if any(day <= through.isoformat() and day not in left for day in standing):
        session.progress.doing("summing up the days of events that leave")
        fold = _sum_up(session, through)
        land_fold(lake, RunContext(run_id, session.instant, session.clock, session.progress.doing), fold)
        remove_folded_days(lake)


def _sum_up(session: RunSession, through: date) -> Fold:
    """The folds of the days up to `through`, out of a warehouse that is brought up to the lake as it is.

    Raises:
        RunFailedError: dbt failed, or the sums miss deliveries.
    """
    from ingestion.folding.fold import Fold

    withdraw_audit(session.layout)
    result = build_warehouse(
        parse_project(session.settings),
        session,
        on_node=lambda name, ended, total: session.progress.doing(f"dbt {ended}/{total} {name}"),
        select=[f"+int_folds__{name}" for name in _FOLDS],
        tested=False,
        variables={"events_leave_through": through.isoformat()},
    )
    if result.failures:
        told = " | ".join(f"{failure.name}: {failure.message}" for failure in result.failures[:5])
        raise RunFailedError(f"no day of events left the lake, for dbt could not sum them up: {told}")
    with duckdb.connect(str(session.layout.warehouse), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        fold = Fold(**{name: _read(warehouse, name) for name in _FOLDS})
    _require_every_delivery(fold)
    return fold


def _read(warehouse: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    # One in thousands; all the others are counted, and must not be held in memory one by one.
    those = "where received_date > folded_date" if name == "deliveries" else ""
    return warehouse.execute(f"select * from intermediate.int_folds__{name} {those}").to_arrow_table()


def _require_every_delivery(fold: Fold) -> None:
    """Each leaving day's deliveries are in its sums, every one."""
    counted: dict[str, int] = {}
    for row in fold.event_counts.select(["received_date", "event_count"]).to_pylist():
        counted[row["received_date"]] = counted.get(row["received_date"], 0) + row["event_count"]
    for day in fold.days.select(["received_date", "landed_row_count"]).to_pylist():
        if counted.get(day["received_date"], 0) != day["landed_row_count"]:
            raise RunFailedError(
                f"no day of events left the lake: {day['received_date']} holds {day['landed_row_count']} deliveries, "
                f"its sums {counted.get(day['received_date'], 0)}. Delete the warehouse file and run again; if it "
                "happens twice, int_folds__deliveries is wrong"
            )


def _old_versions(settings: Settings, layout: DataLayout, instant: datetime) -> tuple[str, ...]:
    from serving.versions import current_id, versions

    published_by = _versions_published_by(settings, instant)
    served = current_id(layout.published)
    old = (version.id for version in versions(layout.published) if version.published_at <= published_by)
    return tuple(version_id for version_id in old if version_id != served)


def _versions_published_by(settings: Settings, instant: datetime) -> datetime:
    """The last instant of the newest day whose versions leave."""
    through = last_leaving_day(instant, settings.retention_versions_days)
    return datetime.combine(through, time.max, tzinfo=UTC)


def _named(manifest: Manifest) -> str:
    return f"{manifest.source}.{manifest.table} {manifest.partition_key}={manifest.partition_value}"
