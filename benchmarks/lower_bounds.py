"""The same work with nothing around it: what DuckDB alone needs, in a process of its own. Started by `nightly`.

Belongs here: the bounds, each with the proof that it did the same work. Does not: measuring and judging.
`copy` writes the app's tables straight to Parquet: no allow-list, no tokens, no days, no manifests, no checksums.
`models` runs the SQL that dbt compiled, in dependency order, into an empty file: no parsing, no contracts, no tests.
"""

from __future__ import annotations

import json
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from benchmarks.marks import say

APP_TABLES = ("accounts", "agents", "events")


def copy_app_tables(app_database: Path, target: Path) -> dict[str, int]:
    """Copy the app's tables to Parquet; returns the rows of each."""
    import duckdb

    rows = {}
    with duckdb.connect(str(app_database), read_only=True) as connection:
        for table in APP_TABLES:
            file = target / f"{table}.parquet"
            connection.execute(f"copy {table} to '{file}' (format parquet, compression zstd)")
            rows[table] = _value(connection, f"select count(*) from '{file}'")
    return rows


def run_models(manifest: Path, built: Path, target: Path) -> dict[str, str]:
    """Build every model of a dbt manifest from its compiled SQL; returns the hash of each mart, as publishing does.

    built: the warehouse dbt made, for the settings it ran under and its seeds.
    """
    import duckdb

    from serving.hashing import hash_table

    nodes: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    models = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
    graph = {name: set(node["depends_on"]["nodes"]) & models.keys() for name, node in models.items()}
    # Compiled SQL names the database, so the file must be called what dbt's was.
    with duckdb.connect(str(target / built.name)) as connection:
        connection.execute("set timezone = 'UTC'; set threads = 2; set memory_limit = '1GB'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach '{built}' as dbt_built (read_only)")
        for schema in sorted({node["schema"] for node in nodes.values() if "schema" in node}):
            connection.execute(f'create schema if not exists "{schema}"')
        for seed in (node for node in nodes.values() if node["resource_type"] == "seed"):
            relation = f'"{seed["schema"]}"."{seed["alias"]}"'
            connection.execute(f"create table {relation} as from dbt_built.{relation}")
        for name in TopologicalSorter(graph).static_order():
            node = models[name]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f'create {kind} "{node["schema"]}"."{node["alias"]}" as {node["compiled_code"]}')
        connection.execute("detach dbt_built")
        say("end", "")
        built_nodes = (node for node in nodes.values() if node["resource_type"] in {"model", "seed"})
        marts = sorted(node["alias"] for node in built_nodes if node["schema"] == "marts")
        return {mart: hash_table(connection, f'"marts"."{mart}"', target) for mart in marts}


def _value(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def main(bound: str, *paths: str) -> None:
    """Reach one bound and print what it made, as JSON."""
    if bound == "copy":
        database, target = (Path(path) for path in paths)
        made: object = copy_app_tables(database, target)
        say("end", "")
    else:
        manifest, built, target = (Path(path) for path in paths)
        made = run_models(manifest, built, target)
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    say("phase", "Lower bound")
    main(*sys.argv[1:])
