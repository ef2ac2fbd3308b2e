"""The dbt project's own SQL over a world, in memory: compiled once, run for every world.

Belongs here: compiling, placing and running what dbt's manifest says. Does not: any knowledge of a model, or of what
its numbers should be.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from ingestion.lake import Lake
from tests.oracle.inputs import Inputs, Row
from tests.oracle.lake_files import write_lake

DBT_PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# What the compiled SQL holds in place of a world's lake and instant.
LAKE = "/lake-of-the-world"
INSTANT = "2001-02-03T04:05:06.000789+00:00"


@dataclass(frozen=True)
class Statement:
    """One node of the manifest as SQL that makes its relation."""

    unique_id: str
    name: str
    sql: str
    parents: tuple[str, ...]

    @property
    def is_seed(self) -> bool:
        return self.unique_id.startswith("seed.")

    @property
    def relation(self) -> str:
        return self.sql.removeprefix("create table ").partition(" as ")[0]


@dataclass(frozen=True)
class CompiledProject:
    """The project's models and seeds in the order they depend on one another."""

    database: str
    schemas: tuple[str, ...]
    statements: tuple[Statement, ...]
    marts: tuple[str, ...]
    # How the SQL reads each source, by `schema.table`.
    sources: Mapping[str, str] = field(default_factory=dict)

    def leading_to(self, marts: Collection[str]) -> tuple[Statement, ...]:
        """The statements that some marts need, in order."""
        needed: set[str] = set()
        for statement in reversed(self.statements):
            if statement.name in marts or statement.unique_id in needed:
                needed |= {statement.unique_id, *statement.parents}
        return tuple(statement for statement in self.statements if statement.unique_id in needed)


def compile_project(scratch: Path) -> CompiledProject:
    """Compile dbt_project/ once, with placeholders for lake and instant.

    Raises:
        RuntimeError: dbt could not compile it.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    variables = json.dumps({"lake_dir": LAKE, "run_instant": INSTANT})
    place = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(scratch)]
    flags = ["--log-level", "none", "--log-path", str(scratch / "logs"), "--no-version-check"]
    with patch.dict(os.environ, {"NETVEXA_WAREHOUSE_PATH": str(scratch / "oracle.duckdb"), "DO_NOT_TRACK": "1"}):
        outcome = dbtRunner().invoke([*flags, "compile", *place, "--vars", variables, "--threads", "1"])
        DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        message = f"dbt cannot compile {DBT_PROJECT}: {outcome.exception}"
        raise RuntimeError(message)
    return _read_manifest(json.loads((scratch / "manifest.json").read_text(encoding="utf-8")))


def _read_manifest(document: Mapping[str, Any]) -> CompiledProject:
    nodes = {key: node for key, node in document["nodes"].items() if node["resource_type"] in ("model", "seed")}
    # Seeds depend on nothing and say so by leaving the list out.
    parents = {key: node["depends_on"].get("nodes", []) for key, node in nodes.items()}
    order = TopologicalSorter({key: [parent for parent in parents[key] if parent in nodes] for key in sorted(nodes)})
    ordered = [nodes[key] for key in order.static_order()]
    return CompiledProject(
        database=ordered[0]["database"],
        schemas=tuple(sorted({node["schema"] for node in ordered})),
        statements=tuple(
            Statement(n["unique_id"], n["name"], _statement(n), tuple(n["depends_on"].get("nodes", [])))
            for n in ordered
        ),
        marts=tuple(node["name"] for node in ordered if node["schema"] == "marts"),
        sources={f"{s['schema']}.{s['name']}": s["relation_name"] for s in document["sources"].values()},
    )


def _statement(node: Mapping[str, Any]) -> str:
    relation = f'"{node["database"]}"."{node["schema"]}"."{node["alias"]}"'
    if node["resource_type"] == "seed":
        return f"create table {relation} as {_seed_query(node)}"
    # Views too are made tables: the same rows, and each Parquet file of a world is read once.
    return f"create table {relation} as {node['compiled_code']}"


def _seed_query(node: Mapping[str, Any]) -> str:
    """A seed's CSV as dbt loads it: typed as its YAML says, empty cells NULL."""
    path = DBT_PROJECT / node["original_file_path"]
    types = node["config"]["column_types"]
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    names = ", ".join(header)
    values = ", ".join("(" + ", ".join(_literal(cell) for cell in row) + ")" for row in rows)
    casts = ", ".join(f"cast({name} as {types.get(name, 'varchar')}) as {name}" for name in header)
    return f"select {casts} from (values {values}) as cells({names})"


def _literal(cell: str) -> str:
    return "null" if not cell else "'" + cell.replace("'", "''") + "'"


class Warehouse:
    """Runs the compiled project over worlds, one in-memory database each, as far as `marts` need it."""

    def __init__(self, project: CompiledProject, scratch: Path, marts: Collection[str]) -> None:
        self._project = project
        self._scratch = scratch
        self._marts = [mart for mart in project.marts if mart in marts]
        self._statements = project.leading_to(self._marts)
        self._worlds = 0

    def marts_of(self, inputs: Inputs) -> dict[str, list[Row]]:
        """Land a world and build every mart of it: lists of rows as DuckDB gives them to Python."""
        with self.built(inputs) as connection:
            return {mart: list(rows_of(connection, f"select * from marts.{mart}")) for mart in self._marts}

    def built(self, inputs: Inputs) -> duckdb.DuckDBPyConnection:
        """A connection to the world's warehouse; the caller closes it."""
        self._worlds += 1
        root = self._scratch / f"world-{self._worlds}"
        write_lake(Lake(root), inputs)
        connection = duckdb.connect(":memory:", config={"threads": "1"})
        connection.execute(f"attach ':memory:' as \"{self._project.database}\"")
        connection.execute(f'use "{self._project.database}"')
        connection.execute("set timezone = 'UTC'")
        for schema in self._project.schemas:
            connection.execute(f'create schema if not exists "{schema}"')
        for statement in self._statements:
            sql = statement.sql.replace(LAKE, str(root)).replace(INSTANT, inputs.run_at.isoformat())
            try:
                connection.execute(sql)
            except duckdb.Error as error:
                connection.close()
                message = f"{statement.unique_id} over {root}: {error}"
                raise RuntimeError(message) from error
        return connection


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[Row]:
    """A query's rows, values as DuckDB gives them to Python."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    for values in cursor.fetchall():
        yield dict(zip(names, values, strict=True))
