"""A small company on two nights: the first is published, the second is what the tests kill, starve and mislead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.manifest import Manifest
from ingestion.simulator.world import World, build_world
from orchestration.lib.paths import DataLayout
from serving.version import Version
from serving.versions import current, version_ids
from tests.e2e.sources import Company, app_in_postgres, company_in_duckdb
from tests.e2e.steps import hashes, read_rows

FIRST_NIGHT = datetime(2026, 3, 12, 3, tzinfo=UTC)
SECOND_NIGHT = datetime(2026, 3, 15, 3, tzinfo=UTC)
# How the lines of the integrity report begin that count the rows read of Stripe: more, where more nights read more.
STRIPE_ROWS = "source_rows_landed_or_were_quarantined stripe."
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Kill:
    """Where a run dies: see `tests.faults.preloaded`."""

    event: str
    text: str
    nth: int = 1


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code (negative for a signal), what it said, and how far its memory grew."""

    code: int
    stdout: str
    stderr: str
    grown_kib: int


LakeContent = dict[tuple[str, str, str], dict[str, str]]


@dataclass(frozen=True)
class Result:
    """What a night ends with.

    marts: the hash of each published table. report: the lines of the integrity report, by `<claim> <subject>`. lake:
    the checksums of each of its partitions.
    """

    marts: Mapping[str, str]
    report: Mapping[str, Mapping[str, Any]]
    lake: LakeContent

    def differs_from(self, other: Result) -> set[str]:
        """The published tables whose content differs; of the integrity report, which counts deliveries, its lines."""
        assert self.marts.keys() == other.marts.keys()
        tables = {name for name in self.marts if self.marts[name] != other.marts[name]} - {"integrity_report"}
        return tables | {
            line for line in {*self.report, *other.report} if self.report.get(line) != other.report.get(line)
        }


class House:
    """One data directory with a published first night, and the process that forks runs on it."""

    def __init__(self, folder: Path, first: Company, second: Company) -> None:
        self.layout = DataLayout(folder / "data")
        self.second = second
        self.first = first
        self._folder = folder
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
        done = self.run(changes=self.first.environment(self.layout.root, FIRST_NIGHT))
        assert done.code == 0, done
        self.keep("first night")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def keep(self, name: str) -> None:
        """Remember the data directory as it is."""
        shutil.copytree(self.layout.root, self._folder / name, symlinks=True)

    def restore(self, name: str = "first night") -> None:
        """The data directory as it was kept."""
        shutil.rmtree(self.layout.root)
        shutil.copytree(self._folder / name, self.layout.root, symlinks=True)

    def empty(self) -> None:
        """A data directory that no run has seen."""
        shutil.rmtree(self.layout.root)
        self.layout.root.mkdir()

    def run(
        self,
        command: str = "nightly",
        *,
        changes: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        kill: Kill | None = None,
    ) -> Outcome:
        """`netvexa <command>` with the second night's settings, some changed or left out.

        command: its name and arguments, with blanks between them.
        """
        stdout, stderr = self._folder / "stdout", self._folder / "stderr"
        request = {
            "arguments": command.split(),
            "environment": {**self.environment, **(changes or {})},
            "without": without,
            "kill": kill and kill.__dict__,
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        said = [path.read_text(encoding="utf-8") for path in (stdout, stderr)]
        return Outcome(answer["code"], *said, answer["grown_kib"])

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

    def manifests(self) -> list[Manifest]:
        """Of every partition of the lake."""
        return read_manifests(Lake(self.layout.lake))

    def result(self) -> Result:
        """What the last night ended with."""
        content = {
            (manifest.source, manifest.table, manifest.partition_value): {
                name: stamp.sha256 for name, stamp in manifest.files.items()
            }
            for manifest in self.manifests()
        }
        version = self.served()
        lines: Any = read_rows(version.warehouse, "select integrity_report from marts.integrity_report")
        report = {f"{line['name']} {line['subject']}": line for (line,) in lines}
        return Result(hashes(version), report, content)

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
def opened_house(small_world: World, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with (
        company_in_duckdb(small_world, folder / "first", FIRST_NIGHT) as first,
        company_in_duckdb(small_world, folder / "second", SECOND_NIGHT) as second,
    ):
        house = House(
            folder,
            first.reading(app_in_postgres(small_world, postgres_dsn, FIRST_NIGHT)),
            second.reading(app_in_postgres(small_world, postgres_dsn, SECOND_NIGHT)),
        )
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


@pytest.fixture(scope="session")
def undisturbed(opened_house: House) -> Result:
    """What the second night ends with when nothing happens to it; kept as `second night`."""
    opened_house.restore()
    outcome = opened_house.run()
    assert outcome.code == 0, outcome
    assert opened_house.served().run_instant == SECOND_NIGHT
    opened_house.keep("second night")
    return opened_house.result()


@pytest.fixture
def refused(house: House) -> Callable[..., str]:
    """Run something that must fail: checks code, line and that nothing changed; returns the line."""
    served, kept, versions = house.served(), house.manifests(), version_ids(house.layout.published)

    def run(code: int, **arguments: object) -> str:
        outcome: Outcome = house.run(**arguments)  # type: ignore[arg-type]
        lines = outcome.stderr.splitlines()
        assert (outcome.code, len(lines)) == (code, 1), outcome
        assert lines[0].startswith("netvexa: ")
        assert "Traceback" not in outcome.stdout
        assert house.served() == served
        assert house.manifests() == kept
        assert version_ids(house.layout.published) == versions
        return lines[0]

    return run
