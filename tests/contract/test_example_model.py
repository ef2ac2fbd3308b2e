"""Claims about the worked example's staging model: dbt builds it as it stands, beside the project's own models."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from ingestion.lake import Lake
from ingestion.landing import commit
from tests.contract.cases import Room
from tests.contract.sources.folders import EXAMPLE, SUPPORT
from tests.unit.ingestion.lake_cases import INSTANT, make_run

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def test_staging_model__is_built_and_tested_by_dbt_from_what_landed(room: Room, lake: Lake, tmp_path: Path) -> None:
    with SUPPORT.full(room) as source:
        for batch in source.stage(lake, make_run()):
            commit(lake, batch)
    project = shutil.copytree(PROJECT, tmp_path / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(EXAMPLE / "models", project / "models/staging/support")
    warehouse = tmp_path / "warehouse.duckdb"
    built = subprocess.run(
        [
            *(Path(sys.executable).with_name("dbt"), "--no-use-colors", "build", "--select", "stg_support__tickets"),
            *("--project-dir", project, "--profiles-dir", project),
            *("--vars", json.dumps({"lake_dir": str(lake.root), "run_instant": INSTANT.isoformat()})),
        ],
        env={**os.environ, "NETVEXA_WAREHOUSE_PATH": str(warehouse), "DO_NOT_TRACK": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select ticket_id, account_id, opened_date::text, closed_date::text, priority, satisfaction "
            "from staging.stg_support__tickets order by ticket_id"
        ).fetchall()
    assert rows == [
        ("T-1001", "acc_17", "2026-11-02", "2026-11-03", "normal", 5),
        ("T-1002", "acc_17", "2026-11-05", None, "urgent", None),
        ("T-1005", "acc_08", "2026-11-16", "2026-11-18", None, None),
    ]
