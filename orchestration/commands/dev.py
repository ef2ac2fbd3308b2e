"""`netvexa dev`: Dagster's page over this data directory."""

from __future__ import annotations

import os
import sys

import click

from orchestration.dagster_instance import prepare_home
from orchestration.lib.paths import DataLayout
from orchestration.settings import dagster_environment, load_settings


@click.command(epilog="\b\nExample:\n  netvexa dev --port 3001")
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
def dev(port: int) -> None:
    """Open Dagster on http://127.0.0.1:PORT: the lineage, every run, every check, and the schedule. Ctrl-C ends it."""
    home = prepare_home(DataLayout(load_settings().data_dir).dagster_home)
    dagster_dev = ["-m", "dagster", "dev", "-m", "orchestration.definitions", "-h", "127.0.0.1", "-p", str(port)]
    # Replaces this process, so that Ctrl-C and signals reach Dagster itself.
    os.execve(sys.executable, [sys.executable, *dagster_dev], dagster_environment(home))
