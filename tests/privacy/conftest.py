"""A company full of canaries, and whole nights on it by the command itself, each with a folder for temporary files.

Belongs here: making and running. Does not: what is planted (planting) and what must be found (the tests).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from ingestion.simulator.emit import stripe_state, write_files
from ingestion.simulator.stripe_server import SandboxStripe
from ingestion.simulator.world import World, build_world
from tests.e2e.sources import STRIPE_KEY, Company, app_in_postgres
from tests.privacy.planting import plant_in_app, plant_in_files, planted_in_stripe

AS_OF = datetime(2026, 3, 12, 3, tzinfo=UTC)
NETVEXA = Path(sys.executable).with_name("netvexa")
_BETWEEN_LOOKS_SECONDS = 0.02


@dataclass(frozen=True)
class Run:
    """How a command ended, and the folder of everything it left: data directory, temporary files, what it said."""

    code: int
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def said(self) -> str:
        return "".join((self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))


@pytest.fixture(scope="session")
def world() -> World:
    """Two months up to the night."""
    return build_world(AS_OF, months=2)


@pytest.fixture(scope="session")
def planted_company(world: World, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The company with canaries in all its sources; Stripe answers while the tests last."""
    folder = tmp_path_factory.mktemp("planted")
    write_files(world, folder / "spend", folder / "rates", AS_OF)
    plant_in_files(folder / "spend", folder / "rates")
    dsn = app_in_postgres(world, postgres_dsn, AS_OF)
    plant_in_app(dsn)
    with SandboxStripe(planted_in_stripe(stripe_state(world, AS_OF)), STRIPE_KEY) as stripe:
        yield Company(dsn, stripe.base_url, folder)


@pytest.fixture(scope="session")
def good_night(planted_company: Company, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole night, published. Whatever was set aside is let pass: most of what was planted is."""
    return night(planted_company, tmp_path_factory.mktemp("good"), NETVEXA_QUARANTINE_MAX_SHARE="1")


def night(company: Company, folder: Path, *arguments: str, **changes: str) -> Run:
    """`netvexa nightly` as a process of its own; `changes` are settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("NETVEXA_", "STRIPE_"))}
    for name in ("data", "tmp", "cwd"):
        (folder / name).mkdir()
    environment = inherited | company.environment(folder / "data", AS_OF) | {"TMPDIR": str(folder / "tmp")} | changes
    with (
        (folder / "stdout").open("w") as stdout,
        (folder / "stderr").open("w") as stderr,
        _keeping_what_passes(folder / "tmp", folder / "passed"),
    ):
        finished = subprocess.run(
            [NETVEXA, "nightly", *arguments],
            env=environment,
            cwd=folder / "cwd",
            stdout=stdout,
            stderr=stderr,
            timeout=600,
            check=False,
        )
    return Run(finished.returncode, folder)


@contextmanager
def _keeping_what_passes(folder: Path, kept: Path) -> Iterator[None]:
    """Link every file that comes to stand in a folder into another, so that it outlives its removal."""
    kept.mkdir()
    ended = Event()

    def look() -> None:
        while not ended.wait(_BETWEEN_LOOKS_SECONDS):
            for path in folder.rglob("*"):
                try:
                    stat = path.lstat()
                    target = kept / f"{stat.st_ino}-{path.name}"
                    if path.is_file() and not target.exists():
                        target.hardlink_to(path)
                except OSError:
                    # It went while it was looked at.
                    continue

    watcher = Thread(target=look, name="keeping-what-passes", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
