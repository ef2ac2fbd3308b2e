"""The warehouse step: build it with dbt, tell how it goes, count what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.lib.audit import withdraw_audit
from orchestration.lib.compaction import forget_empty_groups
from orchestration.lib.dbt_build import BuildResult, ParsedProject, build_warehouse
from orchestration.lib.session import RunSession


@dataclass(frozen=True)
class WarehouseBuild:
    """What dbt did, and the rows of each table as (schema, table)."""

    result: BuildResult
    rows: Mapping[tuple[str, str], int]


def build(
    session: RunSession, project: ParsedProject, select: Sequence[str] = (), *, tested: bool = True
) -> WarehouseBuild:
    """Build the warehouse, or the models named in `select`, and tell the rows of each mart.

    tested: run the data tests, too, which take as long as the models.
    """
    session.progress.phase("Warehouse")
    withdraw_audit(session.layout)
    result = build_warehouse(
        project,
        session,
        on_node=lambda name, ended, total: session.progress.doing(f"dbt {ended}/{total} {name}"),
        select=select,
        tested=tested,
    )
    if not result.failures and not select and forget_empty_groups(session.layout.warehouse):
        session.progress.done("the file was copied without the events that are gone")
    rows = count_rows(session.layout.warehouse)
    for (schema, table), count in rows.items():
        if schema == "marts":
            session.progress.done(f"{schema}.{table}: {count:,} rows")
    for node in result.nodes:
        if node.status == "warn":
            session.progress.warn(f"{node.name}: {node.message}")
    session.progress.done(_summary(result))
    return WarehouseBuild(result, rows)


def count_rows(warehouse: Path) -> dict[tuple[str, str], int]:
    """Exact row counts of every table in the file, ordered by schema and name; views have none."""
    if not warehouse.exists():
        return {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        counts = {}
        for schema, table in tables:
            row = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
            assert row is not None
            counts[schema, table] = int(row[0])
        return counts


def _summary(result: BuildResult) -> str:
    kinds = Counter(node.unique_id.partition(".")[0] for node in result.nodes if node.is_good)
    return f"{kinds['model']} models and {kinds['seed']} seeds built, {kinds['test']} tests hold"
