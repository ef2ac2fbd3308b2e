"""`netvexa demo` and `netvexa nightly`: the whole job, from the sources to the table of headline numbers."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from rich.console import Console

from orchestration.commands.terminal import headline_table, terminal_progress
from orchestration.lib.session import open_session
from orchestration.nightly_run import run_nightly
from orchestration.settings import Settings, load_settings


@click.command(
    epilog="""\b
Examples:
  netvexa demo
  NETVEXA_DATA_DIR=/tmp/demo NETVEXA_AS_OF=2026-11-22T03:00:00+01:00 netvexa demo"""
)
def demo() -> None:
    """Run the nightly job on the sample company, and print its numbers.

    Configured sources are not touched, whatever the environment says. A data directory that already holds their numbers
    is refused: the two are never mixed.
    """
    _run(load_settings().for_sample_company())


@click.command(
    epilog="""\b
Examples:
  netvexa nightly
  NETVEXA_AS_OF=2026-11-01T03:00:00+01:00 netvexa nightly    as that night would have seen it"""
)
def nightly() -> None:
    """Run the nightly job on the configured sources: read, check, build, check, publish.

    With no source configured at all it works on the sample company; with some of them but not all it refuses.
    """
    _run(load_settings())


def _run(settings: Settings) -> None:
    console = Console()
    with terminal_progress(console) as progress:
        with open_session(settings, lambda: datetime.now(UTC), progress, sys.argv) as session:
            run_nightly(session)
        took = datetime.now(UTC) - session.started_at
    _print_headline(console, settings, took.total_seconds())


def _print_headline(console: Console, settings: Settings, seconds: float) -> None:
    from orchestration.lib.paths import DataLayout
    from serving.headline import headline  # DuckDB
    from serving.versions import current

    version = current(DataLayout(settings.data_dir).published)
    assert version is not None
    console.print()
    console.print(headline_table(headline(version.path), f"NETVEXA on {version.as_of_date}"))
    console.print(f"Published version {version.id} in {seconds:.0f} s: {version.path}", highlight=False, soft_wrap=True)
