"""From the sources into the lake: stage everything, look at it once, then commit everything or nothing.

All sources are staged before gate 1 looks, so that a refused batch of one leaves the partitions of all as they were,
and so that Great Expectations is started once. Settled history alone (a long first load) is judged and lands while the
rest is still being read: a run that dies after hours leaves the next one less to do.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from orchestration.lib.company import open_sources
from orchestration.lib.erasure import catch_up, erased_subjects, remember_found
from orchestration.lib.instructions import described
from orchestration.lib.progress import report_verdict
from orchestration.lib.session import RunSession

if TYPE_CHECKING:
    from expectations.report import Report
    from ingestion.contract import Backfill, StagedBatch, StagedPartition
    from ingestion.erasure.subjects import ErasedSubjects
    from ingestion.lake import Lake
    from ingestion.manifest import Manifest


@dataclass(frozen=True)
class TableCount:
    """What a run brought of one table, e.g. of `raw_app.events`: rows and partitions of this run, not of the lake."""

    schema: str
    table: str
    landed_rows: int
    quarantined_rows: int
    partitions: int


@dataclass(frozen=True)
class Landing:
    """What a run staged, and all that gate 1 said of it.

    With blocking failures nothing landed but the settled history that was judged before the one that is refused.
    """

    tables: tuple[TableCount, ...]
    report: Report


def land_sources(session: RunSession, run_id: str, backfill: Backfill | None = None) -> Landing:
    """Stage all sources, run gate 1 over everything staged, and commit it if nothing blocks.

    When gate 1 refuses settled history, nothing after it is read. backfill: what to read again besides what is due.

    Raises:
        ingestion.retry.PermanentSourceError: a source refuses, or holds what its contract forbids; do not try again.
        ingestion.retry.TransientSourceError: a source failed in a way that may heal.
    """
    from expectations.report import merged
    from ingestion.lake import Lake  # pyarrow
    from ingestion.landing import commit, discard

    lake = Lake(session.layout.lake)
    catch_up(session, run_id)
    erased = erased_subjects(session)
    pending: list[StagedBatch] = []
    read: list[StagedPartition] = []
    reports: list[Report] = []
    try:
        session.progress.phase("Sources")
        for table in sorted(map(".".join, session.instructions.accepted_volume)):
            session.progress.warn(f"{table}: taken at whatever volume it has, in this run (--accept-volume)")
        with closing(_staged(session, lake, run_id, backfill, erased)) as batches:
            for batch in batches:
                read += batch.partitions
                if not batch.is_settled:
                    pending.append(batch)
                    continue
                reports.append(_check(session, lake, [batch], run_id, f"gate_1_history_{len(reports) + 1}"))
                report_verdict(session.progress, reports[-1])
                if reports[-1].blocking_failures:
                    return Landing(_counts(read), merged(reports))
                remember_found(session, run_id, erased)
                commit(lake, batch)
        session.progress.phase("Gate 1, on what arrived")
        reports.append(_check(session, lake, pending, run_id, "gate_1"))
        report_verdict(session.progress, reports[-1])
        if not reports[-1].blocking_failures:
            session.progress.doing("moving the batches into the lake")
            remember_found(session, run_id, erased)
            for batch in pending:
                commit(lake, batch)
    finally:
        discard(lake, run_id)
    catch_up(session, run_id)
    return Landing(_counts(read), merged(reports))


def _staged(
    session: RunSession, lake: Lake, run_id: str, backfill: Backfill | None, erased: ErasedSubjects
) -> Generator[StagedBatch]:
    """Every source's batches as they are read, each told about."""
    from ingestion.contract import RunContext

    run = RunContext(run_id, session.instant, session.clock, session.progress.doing, backfill)
    if backfill is not None:
        session.progress.done(f"reading again: {described(backfill)}")
    with open_sources(session.settings, session.layout, session.instant, session.progress, erased) as sources:
        for source in sources:
            session.progress.doing(f"reading {source.name}")
            for batch in source.stage(lake, run):
                for count in _counts(batch.partitions):
                    aside = f", {count.quarantined_rows:,} set aside" if count.quarantined_rows else ""
                    session.progress.done(f"{count.schema}.{count.table}: {count.landed_rows:,} rows{aside}")
                for warning in batch.warnings:
                    session.progress.warn(warning)
                yield batch


def _check(session: RunSession, lake: Lake, batches: Sequence[StagedBatch], run_id: str, docs: str) -> Report:
    from expectations.report import BatchFile, PartitionCount
    from expectations.run import check_batches  # Great Expectations: 8 s
    from ingestion.landing import read_manifests

    session.progress.doing("starting Great Expectations")
    staged = [
        BatchFile(
            source=partition.source,
            table=partition.table,
            partition_key=partition.partition_key,
            partition_value=partition.partition_value,
            path=partition.path,
            source_rows=partition.source_rows,
            landed_rows=partition.landed_rows,
            quarantined_rows=partition.quarantined_rows,
            is_whole=_is_whole(partition.manifest),
            is_history=batch.is_settled,
        )
        for batch in batches
        for partition in batch.partitions
    ]
    landed = [
        PartitionCount(
            manifest.source, manifest.table, manifest.partition_value, manifest.landed_rows, _is_whole(manifest)
        )
        for manifest in read_manifests(lake)
    ]
    return check_batches(
        staged,
        landed,
        session.folder(run_id) / docs,
        session.settings.batch_limits,
        session.instructions.accepted_volume,
    )


def _is_whole(manifest: Manifest) -> bool:
    """Whether a partition holds all it stands for: a whole list, a day that was over when it was read."""
    if manifest.partition_key != "received_date":
        return manifest.coverage == "whole"
    day_after = date.fromisoformat(manifest.partition_value) + timedelta(days=1)
    return (manifest.read_to or manifest.read_at).astimezone(UTC).date() >= day_after


def _counts(partitions: Sequence[StagedPartition]) -> tuple[TableCount, ...]:
    """One count a table, in the order the tables came."""
    by_table: dict[tuple[str, str], list[StagedPartition]] = {}
    for partition in partitions:
        by_table.setdefault((f"raw_{partition.source}", partition.table), []).append(partition)
    return tuple(
        TableCount(
            schema=schema,
            table=table,
            landed_rows=sum(partition.landed_rows for partition in of_table),
            quarantined_rows=sum(partition.quarantined_rows for partition in of_table),
            partitions=len(of_table),
        )
        for (schema, table), of_table in by_table.items()
    )
