"""`netvexa publish`: which version people read, when it must not be the newest. Publishing itself is the job's."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout
from orchestration.lib.run_lock import hold_run_lock
from orchestration.settings import load_settings


@click.command(
    epilog="""\b
Examples:
  netvexa publish --rollback
  netvexa publish --rollback --to 20261121T020007Z"""
)
@click.option("--rollback", is_flag=True, required=True, help="Serve an earlier version again.")
@click.option("--to", metavar="VERSION", help="Which one; `netvexa status` lists them. The one before, if left out.")
def publish(rollback: bool, to: str | None) -> None:
    """Flip the published link back to an earlier version. Readers see the one or the other, whole.

    The next nightly run publishes on top; nothing is deleted.
    """
    from serving.publish import rollback as roll_back  # DuckDB
    from serving.versions import VersionNotFound

    layout = DataLayout(load_settings().data_dir)
    with hold_run_lock(layout.run_lock, datetime.now(UTC), sys.argv):
        try:
            version = roll_back(layout.published, to)
        except VersionNotFound as error:
            raise RunFailedError(str(error)) from error
    click.echo(f"serving version {version.id}, as of {version.as_of_date}")
