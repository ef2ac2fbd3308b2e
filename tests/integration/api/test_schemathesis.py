"""Requests made out of the API's own OpenAPI document, valid and invalid, by Schemathesis with every check it has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.published_company import publish_company
from tests.integration.api.running_api import RunningApi, new_key, running_api

REPOSITORY = Path(__file__).resolve().parents[3]
# Beside Schemathesis's own list, what a request that fits the document may be answered with: no text that only looks
# like a cursor is one.
_CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "410"]
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, definitions: dict[str, Any]) -> Iterator[RunningApi]:
    """A server that lets a caller be wrong as often as it likes."""
    folder = tmp_path_factory.mktemp("schemathesis")
    publish_company(folder, definitions)
    with running_api(folder, NETVEXA_API_FAILED_ATTEMPTS=1_000_000) as running:
        yield running


@pytest.mark.parametrize("role", ["management", None])
def test_api__keeps_to_its_document_under_every_check(role: str | None, api: RunningApi, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(_CONFIG, encoding="utf-8")
    credentials = [] if role is None else ["--header", f"Authorization: Bearer {new_key(api.keys, role)}"]
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", f"{api.address}/openapi.json"),
            *("--checks", "all", "--max-examples", "12", "--generation-deterministic", "--no-color"),
            *credentials,
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.integration.api.request_hooks", "PYTHONPATH": str(REPOSITORY)},
        timeout=240,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
