"""`netvexa retention`: what has been kept long enough leaves, as it does every night, without reading a source."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from rich.console import Console

from orchestration.commands.terminal import terminal_progress
from orchestration.lib.jobs import REBUILD
from orchestration.lib.paths import DataLayout
from orchestration.lib.session import open_session
from orchestration.settings import Settings, load_settings


@click.command(
    epilog="""\b
Examples:
  netvexa retention --dry-run
  NETVEXA_RETENTION_EVENTS_DAYS=500 netvexa retention --dry-run"""
)
@click.option("--dry-run", is_flag=True, help="Say what would leave; touch nothing.")
def retention(dry_run: bool) -> None:
    """Let go of what has been kept longer than NETVEXA_RETENTION_*_DAYS say. Every nightly run does it too.

    \b
    events             summed up by day in the lake first; published numbers by the day stay what they are
    quarantined rows   their counts and reasons stay
    logs               run folders, dbt's logs, Dagster's runs, the API's audit files
    versions           the one that is served stays

    After events have left, the numbers are built again out of the lake and published.
    """
    settings = load_settings()
    if dry_run:
        _tell(settings)
    else:
        _let_go(settings)


def _tell(settings: Settings) -> None:
    from orchestration.lib.retention import due  # DuckDB

    lines = list(due(settings, DataLayout(settings.data_dir), settings.as_of or datetime.now(UTC)).lines())
    for line in lines:
        click.echo(f"would leave: {line}")
    if not lines:
        click.echo("nothing has been kept long enough to leave")


def _let_go(settings: Settings) -> None:
    from orchestration.dagster_instance import forget_runs_through, open_instance
    from orchestration.lib.retention import retain
    from orchestration.nightly_run import run_job

    with (
        terminal_progress(Console()) as progress,
        open_session(settings, lambda: datetime.now(UTC), progress, sys.argv) as session,
    ):
        left = retain(session, f"retention-{session.started_at:%Y%m%dT%H%M%SZ}")
        with open_instance(session.layout.dagster_home) as instance:
            forget_runs_through(instance, left.logs_through)
        if left.event_days:
            run_job(session, REBUILD)
        elif not any(left.lines()):
            progress.done("nothing has been kept long enough to leave")
