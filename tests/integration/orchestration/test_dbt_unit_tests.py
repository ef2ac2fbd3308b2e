"""dbt's unit tests of the models. The nightly job leaves them out: they prove SQL, not data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from orchestration.lib.paths import dbt_project_dir
from tests.integration.orchestration.conftest import Installation
from tests.integration.orchestration.small_company import AS_OF


def test_dbt_unit_tests__all_hold(installation: Installation, tmp_path: Path) -> None:
    project = str(dbt_project_dir())
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"),
            *("--quiet", "--no-use-colors", "--log-path", str(tmp_path), "test", "--select", "test_type:unit"),
            *("--project-dir", project, "--profiles-dir", project, "--target-path", str(tmp_path)),
            *("--vars", json.dumps({"lake_dir": str(installation.data / "lake"), "run_instant": AS_OF.isoformat()})),
        ],
        env=installation.environment({"NETVEXA_WAREHOUSE_PATH": str(installation.data / "warehouse/netvexa.duckdb")}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    results = json.loads((tmp_path / "run_results.json").read_text())["results"]
    assert len(results) > 100
    assert {result["status"] for result in results} == {"pass"}
