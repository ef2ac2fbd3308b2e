"""The small company, and `netvexa` as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.orchestration.small_company import SmallCompany, small_company

NETVEXA = Path(sys.executable).with_name("netvexa")


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Installation:
    """A company, the way to run commands on it, and how its first nightly run ended."""

    company: SmallCompany
    first_night: Outcome | None = None

    @property
    def data(self) -> Path:
        return Path(self.company.environment["NETVEXA_DATA_DIR"])

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        """The company's settings with some changed, and none of this machine's."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("NETVEXA_", "STRIPE_"))}
        return {**inherited, **self.company.environment, **changes}

    def run(self, *arguments: str, **changes: str) -> Outcome:
        """Run a command to its end; `changes` are settings, empty ones count as not set."""
        finished = subprocess.run(
            [NETVEXA, *arguments],
            env=self.environment(changes),
            cwd=self.company.folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Outcome(finished.returncode, finished.stdout, finished.stderr)

    def published_hash(self) -> str:
        """Over everything in the version that is served."""
        manifest = json.loads((self.data / "published" / "current" / "manifest.json").read_text())
        return str(manifest["sha256"])

    def current(self) -> str:
        """Id of the version that is served."""
        return (self.data / "published" / "current").readlink().name


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The small company, one nightly run later."""
    with small_company(tmp_path_factory.mktemp("company") / "small") as company:
        outcome = Installation(company).run("nightly")
        assert outcome.code == 0, outcome.stderr + outcome.stdout
        yield Installation(company, outcome)
