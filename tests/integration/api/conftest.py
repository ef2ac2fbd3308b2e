"""The project's definitions, a published company, and the API over it: one of each for all tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from serving.version import Version
from tests.integration.api.published_company import project_definitions, publish_company
from tests.integration.api.running_api import RunningApi, running_api


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the project in the checkout says of its marts."""
    return project_definitions(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory, definitions: dict[str, Any]) -> Version:
    """The version that tests read, and none of them changes."""
    return publish_company(tmp_path_factory.mktemp("company"), definitions)


@pytest.fixture(scope="session")
def api(company: Version) -> Iterator[RunningApi]:
    """A server over the company."""
    with running_api(company.path.parents[1]) as running:
        yield running


@pytest.fixture(scope="session")
def management(api: RunningApi) -> Iterator[httpx.Client]:
    """A client that sees everything."""
    with api.client() as client:
        yield client


@pytest.fixture(scope="session")
def direct(company: Version) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file itself."""
    copy = Path(company.path).parents[1] / "direct.duckdb"
    copy.write_bytes(company.warehouse.read_bytes())
    # DuckDB shares one file's settings among a process's connections; a copy has its own.
    with duckdb.connect(str(copy), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
