"""A small company on two nights: the first is published, the second is what the tests kill, starve and mislead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.simulator.world import World, build_world
from orchestration.lib.paths import DataLayout
from serving.version import Version
from serving.versions import current
from tests.e2e.sources import Company, company_in_duckdb
from tests.e2e.steps import read_rows

FIRST_NIGHT = datetime(2026, 3, 12, 3, tzinfo=UTC)
SECOND_NIGHT = datetime(2026, 3, 15, 3, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Kill:
    """Where a run dies: see `tests.faults.preloaded`."""

    event: str
    text: str
    nth: int = 1


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code (negative for a signal) and what it said."""

    code: int
    stdout: str
    stderr: str


class House:
    """One data directory with a published first night, and the process that forks runs on it."""

    def __init__(self, folder: Path, first: Company, second: Company) -> None:
        self.layout = DataLayout(folder / "data")
        self.second = second
        self._first = first
        self._folder = folder
        self._kept = folder / "kept"
        self._nothing = folder / "empty"
        self._nothing.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the second night."""
        return self.second.environment(self.layout.root, SECOND_NIGHT)

    def open(self) -> None:
        """Start the process and publish the first night, which `restore` brings back."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.preloaded"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # An empty folder: no .env of the checkout takes part.
            cwd=self._nothing,
            env={**os.environ, **self.environment, "PYTHONPATH": str(REPOSITORY)},
        )
        # A fork copies one thread only: locks held by others would stay locked for ever.
        assert self._answer() == {"threads": 1}
        done = self.run(changes=self._first.environment(self.layout.root, FIRST_NIGHT))
        assert done.code == 0, done
        shutil.copytree(self.layout.root, self._kept, symlinks=True)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def restore(self) -> None:
        """The data directory as the first night left it."""
        shutil.rmtree(self.layout.root)
        shutil.copytree(self._kept, self.layout.root, symlinks=True)

    def run(
        self,
        command: str = "nightly",
        *,
        changes: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        kill: Kill | None = None,
    ) -> Outcome:
        """`netvexa <command>` with the second night's settings, some changed or left out."""
        stdout, stderr = self._folder / "stdout", self._folder / "stderr"
        request = {
            "arguments": [command],
            "environment": {**self.environment, **(changes or {})},
            "without": without,
            "kill": kill and kill.__dict__,
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code = self._answer()["code"]
        return Outcome(code, stdout.read_text(encoding="utf-8"), stderr.read_text(encoding="utf-8"))

    def served(self) -> Version:
        """The current version, opened and read: its headline table names its own day."""
        version = current(self.layout.published)
        assert version is not None
        through_link = self.layout.published / "current" / version.warehouse.name
        assert read_rows(through_link, "select max(as_of_date), count(*) > 0 from marts.kpi_daily") == [
            (version.as_of_date, True)
        ]
        for table in version.tables:
            assert read_rows(through_link, f"select count(*) from marts.{table.name}") == [(table.rows,)]
        return version

    def _answer(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the preloaded process has ended; what it said is above"
        answer: dict[str, int] = json.loads(line)
        return answer


@pytest.fixture(scope="session")
def small_world() -> World:
    """Three months up to the second night."""
    return build_world(SECOND_NIGHT, months=3)


@pytest.fixture(scope="session")
def opened_house(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with (
        company_in_duckdb(small_world, folder / "first", FIRST_NIGHT) as first,
        company_in_duckdb(small_world, folder / "second", SECOND_NIGHT) as second,
    ):
        house = House(folder, first, second)
        try:
            house.open()
            yield house
        finally:
            house.close()


@pytest.fixture
def house(opened_house: House) -> House:
    """The data directory as the first night left it."""
    opened_house.restore()
    return opened_house
