"""`netvexa simulate`: the sample company's app database in a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from orchestration.lib.company import SAMPLE_SEED
from orchestration.settings import load_settings


@click.command(
    epilog="""\b
Example:
  netvexa simulate --dsn postgresql://postgres@127.0.0.1:5432/netvexa"""
)
@click.option("--dsn", required=True, help="An empty PostgreSQL database to fill.")
@click.option("--seed", default=SAMPLE_SEED, show_default=True, help="Another seed, another company.")
def simulate(dsn: str, seed: int) -> None:
    """Fill a PostgreSQL with the sample company's accounts, agents and events, up to NETVEXA_AS_OF or now."""
    from ingestion.simulator.sample import populate_postgres  # numpy

    as_of = load_settings().as_of or datetime.now(UTC)
    populate_postgres(dsn, as_of, seed)
    click.echo(f"filled with the company of seed {seed} as of {as_of.isoformat(timespec='seconds')}")
