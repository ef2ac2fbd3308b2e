"""Fixtures of the contract suite: each source in turn, a lake, and a room to open the source in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from ingestion.lake import Lake
from tests.contract.cases import Room, SourceCase
from tests.contract.every_source import CASES
from tests.integration.ingestion.app_database import execute


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> SourceCase:
    found: SourceCase = request.param
    return found


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Room]:
    folder = tmp_path / "room"
    folder.mkdir()
    with ExitStack() as opened:

        def new_database() -> str:
            # Asked for by name, so that a source without a database starts no server.
            server: str = request.getfixturevalue("postgres_dsn")
            return opened.enter_context(_database(server))

        yield Room(folder, new_database)


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"contract_{uuid4().hex}"
    execute(server, [f"create database {name}"])
    yield server.rsplit("/", 1)[0] + f"/{name}"
    execute(server, [f"drop database {name} with (force)"])
