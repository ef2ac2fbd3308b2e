"""Fixtures every room's tests may use: a real PostgreSQL. What only one room needs stands in that room's folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres_server import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole session; tests that stop it start one of their own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_dsn(postgres_server: PostgresServer) -> str:
    """`postgresql://…` of the superuser; a test that writes makes a database of its own."""
    return postgres_server.dsn
