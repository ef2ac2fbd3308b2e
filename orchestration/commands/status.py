"""`netvexa status`: what is published, and whether a run is going on."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from orchestration.lib.paths import DataLayout
from orchestration.lib.run_lock import lock_holder
from orchestration.settings import load_settings


@click.command(epilog="\b\nExample:\n  netvexa status")
def status() -> None:
    """Say which version people read, how old it is, which others are kept, and whether a run is going on."""
    from serving.status import describe  # DuckDB

    layout = DataLayout(load_settings().data_dir)
    click.echo(describe(layout.published, datetime.now(UTC)))
    holder = lock_holder(layout.run_lock)
    click.echo(
        f"running: {holder.command} (pid {holder.pid}, since {holder.started_at})" if holder else "running: nothing"
    )
