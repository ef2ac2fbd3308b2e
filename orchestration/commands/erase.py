"""`netvexa erase`: a visitor or an account leaves every number and every file, and does not come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click
from rich.console import Console
from rich.table import Table

from orchestration.commands.terminal import terminal_progress
from orchestration.lib.erasure import (
    Request,
    TableErasure,
    erase_from_lake,
    foresee,
    key_ring,
    request_of,
    require_landed_keys,
)
from orchestration.lib.jobs import REBUILD
from orchestration.lib.session import open_session
from orchestration.nightly_run import run_job
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from orchestration.lib.erasure_certificate import Certificate

# What the lock and the logs may know of the arguments.
_COMMAND = ("netvexa", "erase")


@click.command(
    epilog="""\b
Examples:
  netvexa erase --visitor 7f9c2e4a --dry-run
  netvexa erase --visitors-from to-erase.txt
  netvexa erase --account 2a1f6c1e-6f0b-4d0e-9a57-0f2c7f1b8f11"""
)
@click.option("--visitor", "visitors", metavar="ID", multiple=True, help="By the app's visitor_id, or by a token.")
@click.option(
    "--visitors-from",
    "file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One visitor a line; keeps their ids out of the shell's history.",
)
@click.option("--account", "accounts", metavar="ID", multiple=True, help="By the app's account id.")
@click.option("--dry-run", is_flag=True, help="Show what would leave, and change nothing.")
def erase(visitors: tuple[str, ...], file: Path | None, accounts: tuple[str, ...], dry_run: bool) -> None:
    """Erase visitors and accounts: lake, warehouse and published versions, and for ever after at the border.

    \b
    A visitor's conversations go whole, as if the visitor had never been.
    An account's behaviour goes the same way; its money stays under random ids that nothing links back. It is refused
    (exit 2) while a subscription of it counts, or may count again.

    Older versions are dropped: nobody can roll back to what was erased. Give the same command again after a failure or
    a kill, and it finishes. The certificate lies in <data>/erasures/certificates. Erase in the app and at Stripe too.
    """
    settings = load_settings()
    listed = [] if file is None else file.read_text(encoding="utf-8-sig").splitlines()
    named = [line.strip() for line in (*visitors, *listed) if line.strip()]
    keys = key_ring(settings)
    request = request_of(keys, named, accounts)
    console = Console()
    with (
        terminal_progress(console) as progress,
        open_session(settings, lambda: datetime.now(UTC), progress, _COMMAND) as session,
    ):
        require_landed_keys(session.layout, keys, named)
        if dry_run:
            _print_dry_run(console, request, foresee(session, request))
            return
        if accounts:
            foresee(session, request)  # refuses an account that still pays
        from orchestration.lib.erasure_certificate import certify  # DuckDB
        from serving.versions import version_ids

        before = version_ids(session.layout.published)
        erase_from_lake(session, uuid4().hex, request)
        run_job(session, REBUILD)
        progress.phase("Looking for what may be left")
        certificate = certify(session, request, before)
    _print_certificate(console, certificate)


def _print_dry_run(console: Console, request: Request, tables: Sequence[TableErasure]) -> None:
    console.print(_rows(f"Request {request.id} would erase", tables))
    console.print("Nothing was changed.")


def _print_certificate(console: Console, certificate: Certificate) -> None:
    console.print(_rows(f"Erased by request {certificate.request_id}", certificate.tables))
    for label, value in (
        ("Issued at", f"{certificate.issued_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("By tokens", f"{len(certificate.tokens):,}"),
        ("Version now served", certificate.version),
        ("Versions dropped", f"{certificate.versions_dropped:,}"),
        ("Found afterwards", "nothing"),
        ("SHA-256", certificate.sha256),
    ):
        console.print(f"{label:<20}{value}", highlight=False, soft_wrap=True)


def _rows(title: str, tables: Sequence[TableErasure]) -> Table:
    shown = Table(title=title, title_justify="left", title_style="bold")
    shown.add_column("Table", no_wrap=True)
    for heading in ("Partitions", "Rows removed", "Rows under new ids", "Set aside, removed"):
        shown.add_column(heading, justify="right")
    for table in tables:
        counts = (table.partitions, table.removed_rows, table.renamed_rows, table.set_aside_rows)
        shown.add_row(table.table, *(f"{count:,}" for count in counts))
    return shown
