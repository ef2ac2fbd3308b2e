"""Fixtures every room's tests may use: a real PostgreSQL. What only one room needs stands in that room's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer, running_postgres

# Folders whose tests share something that takes long to make: one worker makes it, and runs them all.
SHARED = ("tests/browser", "tests/faults", "tests/integration/orchestration", "tests/integration/warehouse")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Keep together, on one worker, the tests of a file, or of a folder that shares its fixtures.

    First of all hooks: xdist reads the groups in its own.
    """
    for item in items:
        place = Path(item.path).relative_to(config.rootpath).as_posix()
        group = next((folder for folder in SHARED if place.startswith(f"{folder}/")), place)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole session; tests that stop it start one of their own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_dsn(postgres_server: PostgresServer) -> str:
    """`postgresql://…` of the superuser; a test that writes makes a database of its own."""
    return postgres_server.dsn
