"""The numbers made again out of the lake alone: what erasing and retention end with."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from orchestration.lib.jobs import REBUILD
from orchestration.lib.session import open_session
from orchestration.nightly_run import run_job
from orchestration.settings import load_settings
from tests.integration.orchestration.conftest import Installation
from tests.unit.orchestration.conftest import RecordedProgress


def test_rebuild__publishes_the_same_bytes_from_a_deleted_warehouse_with_no_source_in_reach(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installation.published_hash()
    served = installation.current()
    (installation.data / "warehouse" / "netvexa.duckdb").unlink()
    unreachable = {"NETVEXA_APP_DSN": "duckdb:////nowhere/app.duckdb", "STRIPE_API_BASE": "http://127.0.0.1:9"}
    for name, value in {**installation.company.environment, **unreachable}.items():
        monkeypatch.setenv(name, value)
    progress = RecordedProgress()
    with open_session(load_settings(), lambda: datetime.now(UTC), progress, sys.argv) as session:
        run_job(session, REBUILD)
    assert installation.current() != served
    assert installation.published_hash() == before
