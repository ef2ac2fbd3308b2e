"""From the sources into the lake: stage everything, look at it once, then commit everything or nothing.

All sources are staged before gate 1 looks, so that a refused batch of one leaves the partitions of all as they were,
and so that Great Expectations is started once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.lib.company import open_sources
from orchestration.lib.progress import report_verdict
from orchestration.lib.session import RunSession

if TYPE_CHECKING:
    from expectations.report import Report
    from ingestion.contract import StagedBatch
    from ingestion.lake import Lake


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
    """What a run staged and what gate 1 said. It was committed unless the report has blocking failures."""

    tables: tuple[TableCount, ...]
    report: Report


def land_sources(session: RunSession, run_id: str) -> Landing:
    """Stage all sources, run gate 1 over everything staged, and commit it if nothing blocks.

    Raises:
        ingestion.retry.PermanentSourceError: a source refuses, or holds what its contract forbids; do not try again.
        ingestion.retry.TransientSourceError: a source failed in a way that may heal.
    """
    from ingestion.lake import Lake  # pyarrow
    from ingestion.landing import commit, discard

    lake = Lake(session.layout.lake)
    try:
        session.progress.phase("Sources")
        batches = _stage(session, lake, run_id)
        session.progress.phase("Gate 1, on what arrived")
        report = _check(session, lake, batches, run_id)
        report_verdict(session.progress, report)
        if not report.blocking_failures:
            session.progress.doing("moving the batches into the lake")
            for batch in batches:
                commit(lake, batch)
    finally:
        discard(lake, run_id)
    return Landing(tuple(count for batch in batches for count in _counts(batch)), report)


def _stage(session: RunSession, lake: Lake, run_id: str) -> list[StagedBatch]:
    from ingestion.contract import RunContext

    run = RunContext(run_id, session.instant, session.clock, session.progress.doing)
    batches = []
    with open_sources(session.settings, session.layout, session.instant, session.progress) as sources:
        for source in sources:
            session.progress.doing(f"reading {source.name}")
            batch = source.stage(lake, run)
            for count in _counts(batch):
                aside = f", {count.quarantined_rows:,} set aside" if count.quarantined_rows else ""
                session.progress.done(f"{count.schema}.{count.table}: {count.landed_rows:,} rows{aside}")
            for warning in batch.warnings:
                session.progress.warn(warning)
            batches.append(batch)
    return batches


def _check(session: RunSession, lake: Lake, batches: Sequence[StagedBatch], run_id: str) -> Report:
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
        )
        for batch in batches
        for partition in batch.partitions
    ]
    landed = [
        PartitionCount(manifest.source, manifest.table, manifest.partition_value, manifest.landed_rows)
        for manifest in read_manifests(lake)
    ]
    return check_batches(staged, landed, session.folder(run_id) / "gate_1")


def _counts(batch: StagedBatch) -> list[TableCount]:
    tables = dict.fromkeys(partition.table for partition in batch.partitions)
    counts = []
    for table in tables:
        partitions = [partition for partition in batch.partitions if partition.table == table]
        counts.append(
            TableCount(
                schema=f"raw_{batch.source}",
                table=table,
                landed_rows=sum(partition.landed_rows for partition in partitions),
                quarantined_rows=sum(partition.quarantined_rows for partition in partitions),
                partitions=len(partitions),
            )
        )
    return counts
