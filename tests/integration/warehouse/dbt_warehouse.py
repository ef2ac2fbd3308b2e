"""Real dbt over a test's lake, in this process: parsed once, built into as many warehouse files as a test asks for.

Belongs here: how the product models are built, and their canonical hashes. Does not: what they should hold.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from serving.hashing import hash_table

DBT_PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
# One name for every file: dbt's parse knows the database by it.
WAREHOUSE_FILE = "warehouse.duckdb"
# The order in which one build commits what is built in groups; a run may be killed after each. Then the record of it,
# and what is made in full of these tables.
COMMITS = ("int_event_groups__to_rebuild", "int_event_groups__rebuilt", "fct_conversations", "int_agent_days__summed")
# What they read of the lake: views.
READ = (
    *("stg_lake__partitions", "stg_folded__days", "stg_folded__deliveries", "stg_folded__agent_days"),
    *("stg_folded__trial_events", "stg_folded__event_counts", "int_event_days__standing"),
)
GROUPS = (*READ, *COMMITS, "int_event_groups__built")
FOLDS = tuple(f"int_folds__{name}" for name in ("days", "agent_days", "trial_events", "deliveries", "event_counts"))
MADE_OF_THEM = (
    "fct_agent_days",
    *("stg_app__agents", "fct_agent_ttfv", "ttfv_weekly", "weekly_active_agents", "conversation_quality_daily"),
    *("int_events__trials", "int_conversations__summarised", "int_events__folded"),
)

# Empty groups are left of what was taken back; nothing counts them.
RECORD = """
    select event_group, set_aside_reason, event_count, waiting_count, duplicate_count, counted_date, waits_until
    from intermediate.int_event_groups__built where event_count + waiting_count + duplicate_count > 0
"""


class DbtWarehouse:
    """dbt_project/ parsed for one lake folder, whatever lies in it at the time of a build."""

    def __init__(self, lake: Path, scratch: Path) -> None:
        self._scratch = scratch
        self._lake = lake
        self._manifest: Any = None
        self._manifest = self._invoke("parse", scratch, {})

    def build(
        self,
        warehouse: Path,
        run_instant: datetime,
        variables: Mapping[str, str] | None = None,
        models: Sequence[str] = (*GROUPS, *MADE_OF_THEM),
        threads: int = 1,
    ) -> None:
        """Build models into the warehouse file of a folder, incrementally where it holds an earlier build.

        Raises:
            RuntimeError: a model failed; the message is dbt's own.
        """
        warehouse.mkdir(exist_ok=True)
        values = {"run_instant": run_instant.isoformat(), **(variables or {})}
        self._invoke("run", warehouse, values, "--select", *models, "--threads", str(threads))

    def failing(self, warehouse: Path, run_instant: datetime, variables: Mapping[str, str], test: str) -> int:
        """The rows a data test finds in the warehouse of a folder."""
        values = {"run_instant": run_instant.isoformat(), **variables}
        (result,) = self._invoke("test", warehouse, values, "--select", test, may_fail=True).results
        return int(result.failures)

    def hashes(self, warehouse: Path) -> dict[str, str]:
        """Canonical hash of every product mart, and of what the build recorded of each group and trial."""
        with duckdb.connect(str(warehouse / WAREHOUSE_FILE), read_only=True) as connection:
            marts = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts' order by all"
            ).fetchall()
            relations = {name: f'marts."{name}"' for (name,) in marts}
            relations |= {"record": f"({RECORD})", "trials": "intermediate.int_events__trials"}
            return {name: hash_table(connection, relation, self._scratch) for name, relation in relations.items()}

    def rebuilt_groups(self, warehouse: Path) -> set[str]:
        """The groups of events that the last build into this file rebuilt."""
        with duckdb.connect(str(warehouse / WAREHOUSE_FILE), read_only=True) as connection:
            rows = connection.execute("select event_group from intermediate.int_event_groups__rebuilt").fetchall()
        return {group for (group,) in rows}

    def _invoke(
        self, command: str, warehouse: Path, variables: Mapping[str, str], *arguments: str, may_fail: bool = False
    ) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        flags = ["--log-level", "none", "--log-path", str(self._scratch / "logs"), "--no-version-check"]
        place = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
        target = ["--target-path", str(self._scratch / "target")]
        values = ["--vars", json.dumps({"lake_dir": str(self._lake), **variables})]
        environment = {"NETVEXA_WAREHOUSE_PATH": str(warehouse / WAREHOUSE_FILE), "DO_NOT_TRACK": "1"}
        with patch.dict(os.environ, environment):
            try:
                outcome = dbtRunner(manifest=self._manifest).invoke(
                    [*flags, command, *place, *target, *values, *arguments]
                )
            finally:
                DuckDBConnectionManager.close_all_connections()
        if not outcome.success and not may_fail:
            results = getattr(outcome.result, "results", None) or ()
            failed = [f"{result.node.name}: {result.message}" for result in results if result.status == "error"]
            message = f"dbt {command} failed: {failed or outcome.exception}"
            raise RuntimeError(message)
        return outcome.result
