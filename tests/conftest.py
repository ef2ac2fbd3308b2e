"""Fixtures every room's tests may use: a real PostgreSQL. What only one room needs stands in that room's folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.postgres_server import PostgresServer, running_postgres

# Folders and files whose tests share something that takes long to make: one worker makes it, and runs them all.
SHARED = (
    ("tests/browser/",),
    ("tests/faults/",),
    ("tests/integration/orchestration/",),
    ("tests/integration/warehouse/",),
    tuple(f"tests/e2e/test_{name}.py" for name in ("coverage", "ledger", "retention", "same_hashes")),
)


class FoldersTogether(LoadScopeScheduling):
    """One worker runs all tests of a file, or of files that share their fixtures.

    xdist's own groups (`loadgroup`) are lost in silence on pytest 9.2: they travel in a node id that it recomputes.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return next((together[0] for together in SHARED if file.startswith(together)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FoldersTogether:
    return FoldersTogether(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole session; tests that stop it start one of their own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_dsn(postgres_server: PostgresServer) -> str:
    """`postgresql://…` of the superuser; a test that writes makes a database of its own."""
    return postgres_server.dsn
