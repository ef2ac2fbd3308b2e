"""`netvexa config`: what the settings are, without their secrets."""

from __future__ import annotations

import click

from orchestration.settings import load_settings


@click.command(epilog="\b\nExample:\n  NETVEXA_SPEND_DIR=/srv/spend netvexa config")
def config() -> None:
    """Print every setting, secrets masked, and which company a nightly run would work on.

    Exits with 2 when a setting cannot be read, or when some sources are configured but not all.
    """
    settings = load_settings()
    rows = settings.rows_for_display()
    width = max(len(variable) for variable, _ in rows)
    for variable, value in rows:
        click.echo(f"{variable:<{width}}  {value or '(not set)'}")
    click.echo(f"{'company':<{width}}  {'sample company' if settings.uses_sample_company else 'configured sources'}")
    if not settings.uses_sample_company:
        settings.require_whole_configuration()
