"""`netvexa quarantine`: the rows that did not land, and how to fetch them again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.lib.instructions import SOURCES
from orchestration.lib.paths import DataLayout
from orchestration.lib.set_aside import commands_to_fetch_again, fetch_again
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from ingestion.quarantine import SetAside, SetAsideRow

    Found = Sequence[SetAside] | Sequence[SetAsideRow]


@click.command(
    epilog="""\b
Examples:
  netvexa quarantine
  netvexa quarantine --source app --table events --rows
  netvexa quarantine --rows --format csv > set-aside.csv"""
)
@click.option("--source", type=click.Choice(SOURCES), help="Only of this source.")
@click.option("--table", metavar="TABLE", help="Only of this table, such as events.")
@click.option("--rows", is_flag=True, help="Each row by its key, reason and origin, instead of counts.")
@click.option("--format", "form", type=click.Choice(("table", "csv", "json")), default="table", show_default=True)
def quarantine(source: str | None, table: str | None, rows: bool, form: str) -> None:
    """Show what is set aside now: rows of the sources that cannot be right, and so did not land.

    Of a row only its key, the reason and where it is to be found are kept, never its values. After a fix at the source
    the command in `fetch again` reads it anew; nothing needs to be deleted.
    """
    from ingestion.lake import Lake  # pyarrow
    from ingestion.quarantine import counts_set_aside, rows_set_aside

    lake = Lake(DataLayout(load_settings().data_dir).lake)
    found: Found = list(rows_set_aside(lake, source, table)) if rows else counts_set_aside(lake, source, table)
    if form == "table":
        _print_table(found, ".".join(part for part in (source, table) if part))
    else:
        records = [{**asdict(one), "fetch_again": fetch_again(one)} for one in found]
        click.echo(_json(records) if form == "json" else _csv(records), nl=False)


def _json(records: Sequence[dict[str, object]]) -> str:
    return json.dumps(records, indent=2, ensure_ascii=False) + "\n"


def _csv(records: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    if records:
        writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return text.getvalue()


def _print_table(found: Found, asked: str) -> None:
    if not found:
        click.echo(f"nothing is set aside{f' of {asked}' if asked else ''}: every row that was read has landed")
        return
    records = [asdict(one) for one in found]
    table = Table()
    for column in records[0]:
        if column != "partition_key":
            table.add_column(column.replace("_value", ""), justify="right" if column == "rows" else "left")
    for record in records:
        key = record.pop("partition_key")
        record["partition_value"] = f"{key}={record['partition_value']}"
        # As text: a key is whatever stood in the source, and must not be read as markup.
        table.add_row(*(Text(_shown(value)) for value in record.values()))
    # In a file or a pipe a line is as long as it needs to be.
    console = Console()
    console.print(table) if console.is_terminal else Console(width=10_000).print(table)
    total = sum(record.get("rows", 1) for record in records)
    click.echo(f"{total:,} rows are set aside. After a fix at the source, fetch them again:")
    for command in commands_to_fetch_again(found):
        click.echo(f"  {command}")


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else str(value)
