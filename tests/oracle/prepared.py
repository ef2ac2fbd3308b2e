"""The compiled SQL over hundreds of worlds: planned once, run for each. Planning is what most of a small build costs.

Belongs here: how the same statements run faster than in `warehouse`, which runs them as a night does, from files. Does
not: any other SQL than theirs. A source is a table here instead of a `read_parquet` of its folder; that alone differs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingestion.lake import Lake
from tests.oracle.inputs import AppSnapshot, Inputs, Row, StripeNight
from tests.oracle.lake_files import partitions, write_lake
from tests.oracle.seeds import project_seeds
from tests.oracle.warehouse import INSTANT, LAKE, CompiledProject, Statement, rows_of

# A plan made over empty tables must not believe that they stay so; a list of values is looked up faster than joined.
NOT_WITH = "statistics_propagation,compressed_materialization,in_clause"
MANIFESTS = "raw_lake.manifests"


class PreparedWarehouse:
    """Runs the compiled project over worlds in one database: a world is a transaction that is rolled back."""

    def __init__(self, project: CompiledProject, scratch: Path, marts: Collection[str]) -> None:
        self._project = project
        self._marts = [mart for mart in project.marts if mart in marts]
        self._statements = project.leading_to(self._marts)
        self._ready: dict[str, list[str]] = {}
        self._connection = duckdb.connect(":memory:", config={"threads": "1"})
        self._connection.execute(f"attach ':memory:' as \"{project.database}\"")
        self._connection.execute(f'use "{project.database}"')
        self._connection.execute("set timezone = 'UTC'")
        self._connection.execute(f"set disabled_optimizers = '{NOT_WITH}'")
        read = [name for name, relation in project.sources.items() if any(relation in s.sql for s in self._statements)]
        for schema in {*project.schemas, *(name.partition(".")[0] for name in read)}:
            self._connection.execute(f'create schema "{schema}"')
        self._sources = self._create_sources(scratch, read)
        # Every table before the first plan: a plan is made again and again once the catalogue changed after it.
        for statement in self._statements:
            self._connection.execute(self._over_tables(statement).replace(INSTANT, _NO_WORLD.run_at.isoformat()))
            if not statement.is_seed:
                self._connection.execute(f"delete from {statement.relation}")

    def marts_of(self, inputs: Inputs) -> dict[str, list[Row]]:
        """Every mart of a world: lists of rows as DuckDB gives them to Python."""
        plans = self._plans_at(inputs.run_at.isoformat())
        self._connection.begin()
        try:
            self._load(inputs)
            for plan in plans:
                self._connection.execute(f'execute "{plan}"')
            return {mart: list(rows_of(self._connection, f"select * from marts.{mart}")) for mart in self._marts}
        finally:
            self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def _create_sources(self, scratch: Path, names: Collection[str]) -> dict[str, pa.Schema]:
        """An empty table for each source, with the columns the SQL itself reads out of a lake."""
        root = scratch / "no-world"
        write_lake(Lake(root), _NO_WORLD)
        for name in names:
            relation = self._project.sources[name].replace(LAKE, str(root))
            self._connection.execute(f"create table {name} as select * from {relation} limit 0")
        return {name: self._connection.table(name).to_arrow_table().schema for name in names}

    def _over_tables(self, statement: Statement) -> str:
        sql = statement.sql
        for name in self._sources:
            sql = sql.replace(self._project.sources[name], f'"{self._project.database}".{name}')
        return sql

    def _plans_at(self, instant: str) -> list[str]:
        """The statements' plans for a run instant; those that never ask for it have one for all."""
        if instant not in self._ready:
            self._ready[instant] = [self._plan(s, instant) for s in self._statements if not s.is_seed]
        return self._ready[instant]

    def _plan(self, statement: Statement, instant: str) -> str:
        depends = INSTANT in statement.sql
        plan = f"{statement.name} {instant}" if depends else statement.name
        if depends or not self._ready:
            query = self._over_tables(statement).removeprefix(f"create table {statement.relation} as ")
            self._connection.execute(
                f'prepare "{plan}" as insert into {statement.relation} {query}'.replace(INSTANT, instant)
            )
        return plan

    def _load(self, inputs: Inputs) -> None:
        landed: dict[str, list[Row]] = defaultdict(list)
        for manifest, table, rows in partitions(inputs):
            name = f"raw_{table.source}.{table.name}"
            landed[name] += [row | {table.partition_key: manifest.partition_value} for row in rows]
            landed[MANIFESTS].append(json.loads(manifest.to_json()))
        for name, schema in self._sources.items():
            if landed[name]:
                table = pa.Table.from_pylist([_shaped(row, schema) for row in landed[name]], schema)
                self._connection.from_arrow(table).insert_into(name)


def _shaped(row: Row, schema: pa.Schema) -> Row:
    """A row as Arrow wants it: maps as pairs, instants not as text."""
    maps = {field.name: list(row[field.name].items()) for field in schema if pa.types.is_map(field.type)}
    if not maps:
        return row
    times: dict[str, Any] = {
        field.name: datetime.fromisoformat(row[field.name]) for field in schema if pa.types.is_timestamp(field.type)
    }
    return row | maps | times


_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_NO_WORLD = Inputs(_NOW, (AppSnapshot(_NOW, (), ()),), (), (StripeNight(_NOW, {}, ()),), (), (), (), project_seeds())
