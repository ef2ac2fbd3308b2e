"""`netvexa demo`, `nightly` and `backfill`: the whole job, from the sources to the table of headline numbers."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

import click
from rich.console import Console

from orchestration.commands.terminal import headline_table, terminal_progress
from orchestration.lib.instructions import SOURCES, Instructions, accepted_volume, backfill_of
from orchestration.lib.jobs import NIGHTLY
from orchestration.lib.paths import DataLayout
from orchestration.lib.retention import refuse_days_that_left
from orchestration.lib.session import NOTHING_MORE, open_session
from orchestration.nightly_run import run_job
from orchestration.settings import Settings, load_settings

_accept_volume = click.option(
    "--accept-volume",
    "accepted",
    metavar="TABLE",
    multiple=True,
    help="Take this raw table, such as raw_app.events, at whatever volume it has, in this run only.",
)


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
  NETVEXA_AS_OF=2026-11-01T03:00:00+01:00 netvexa nightly    as that night would have seen it
  netvexa nightly --accept-volume raw_app.events             yesterday really was that quiet"""
)
@_accept_volume
def nightly(accepted: tuple[str, ...]) -> None:
    """Run the nightly job on the configured sources: read, check, build, check, publish.

    With no source configured at all it works on the sample company; with some of them but not all it refuses.
    """
    _run(load_settings(), Instructions(accepted_volume=accepted_volume(accepted)))


@click.command(
    epilog="""\b
Examples:
  netvexa backfill --source app --from 2026-11-01 --to 2026-11-03
  netvexa backfill --source app --from 2026-11-01 --to 2026-11-01 --accept-volume raw_app.events
  netvexa backfill --source stripe --from 2026-11-01
  netvexa backfill --source spend"""
)
@click.option("--source", type=click.Choice(SOURCES), required=True, help="What to read again.")
@click.option("--from", "first", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]), help="First UTC day: app, stripe.")
@click.option("--to", "last", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]), help="Last UTC day: app.")
@_accept_volume
def backfill(source: str, first: datetime | None, last: datetime | None, accepted: tuple[str, ...]) -> None:
    """Run the nightly job, and read again what it would take for known: after a repair at the source.

    \b
    app     the days of `received_at` from --from to --to, both included
    stripe  every list whole, and all events Stripe still keeps: of 30 days, an earlier --from is refused
    spend   every file of the folder
    rates   every file of the folder

    What is read again replaces what landed, day by day or file by file; reading twice changes nothing. Everything that
    any night does is done too: gates, build, publication.
    """
    settings = load_settings()
    today = (settings.as_of or datetime.now(UTC)).date()
    asked = backfill_of(source, _day(first), _day(last), today)
    if source == "app":
        refuse_days_that_left(DataLayout(settings.data_dir), asked.first)
    _run(settings, Instructions(asked, accepted_volume(accepted)))


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _run(settings: Settings, instructions: Instructions = NOTHING_MORE) -> None:
    console = Console()
    with terminal_progress(console) as progress:
        with open_session(settings, lambda: datetime.now(UTC), progress, sys.argv, instructions) as session:
            run_job(session, NIGHTLY)
        took = datetime.now(UTC) - session.started_at
    _print_headline(console, settings, took.total_seconds())


def _print_headline(console: Console, settings: Settings, seconds: float) -> None:
    from serving.headline import headline  # DuckDB
    from serving.versions import current

    version = current(DataLayout(settings.data_dir).published)
    assert version is not None
    console.print()
    console.print(headline_table(headline(version.path), f"NETVEXA on {version.as_of_date}"))
    console.print(f"Published version {version.id} in {seconds:.0f} s: {version.path}", highlight=False, soft_wrap=True)
