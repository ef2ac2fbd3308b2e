"""`netvexa status`: what is published, what the lake holds of each source, and whether a run is going on."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from orchestration.lib.paths import DataLayout
from orchestration.lib.run_lock import lock_holder
from orchestration.settings import load_settings


@click.command(epilog="\b\nExample:\n  netvexa status")
def status() -> None:
    """Say which version people read and how old it is, how old each source's newest data is, and whether a run goes on.

    Rows that are set aside are counted; `netvexa quarantine` names them.
    """
    from ingestion.lake import Lake  # pyarrow
    from orchestration.lib.lake_status import source_statuses
    from serving.status import describe  # DuckDB

    layout = DataLayout(load_settings().data_dir)
    now = datetime.now(UTC)
    click.echo(describe(layout.published, now))
    for source in source_statuses(Lake(layout.lake)):
        click.echo(source.line(now))
    click.echo(f"running: {lock_holder(layout.run_lock) or 'nothing'}")
