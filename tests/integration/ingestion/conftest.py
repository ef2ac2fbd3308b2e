"""Databases of their own for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest

from ingestion.lake import Lake
from tests.integration.ingestion.app_database import (
    DUCKDB_TYPES,
    POSTGRES_TYPES,
    drop_reader_role,
    execute,
    reader_role,
    statements,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def postgres_database(postgres_dsn: str) -> Iterator[str]:
    """DSN of an empty database of its own."""
    name = f"test_{uuid4().hex}"
    execute(postgres_dsn, [f"create database {name}"])
    yield postgres_dsn.rsplit("/", 1)[0] + f"/{name}"
    execute(postgres_dsn, [f"drop database {name} with (force)"])


@pytest.fixture
def app_in_postgres(postgres_database: str) -> str:
    """The app's tables as their owner sees them."""
    execute(postgres_database, statements(POSTGRES_TYPES))
    return postgres_database


@pytest.fixture
def app_for_reader(app_in_postgres: str) -> Iterator[str]:
    """The same tables for the role of docs/sql/least_privileges.sql."""
    yield reader_role(app_in_postgres)
    drop_reader_role(app_in_postgres)


@pytest.fixture
def app_in_duckdb(tmp_path: Path) -> str:
    path = tmp_path / "app.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        for statement in statements(DUCKDB_TYPES):
            connection.execute(statement)
    return f"duckdb:///{path}"
