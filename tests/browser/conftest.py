"""A published sample company, a real Superset over it, and a real browser in front of that.

Belongs here: what all browser tests share. Does not: what must be seen (tests).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from orchestration.lib.dashboards import admin_password, push_dashboards, running_superset, signed_in, superset_home
from orchestration.lib.paths import DataLayout
from orchestration.lib.progress import Progress
from orchestration.settings import Settings, load_settings
from superset_dashboards.client import SupersetClient

REPOSITORY = Path(__file__).parents[2]
AS_OF = "2026-11-22T03:00:00+01:00"
ROLES = ("management", "analyst", "marketing", "support")

# What keeps Chromium from asking its maker's servers, which is refused where there is no network.
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class _Silent(Progress):
    """Says nothing."""


SILENT = _Silent()


@dataclass(frozen=True)
class Dashboards:
    """A Superset that shows the sample company."""

    settings: Settings
    layout: DataLayout
    address: str

    @property
    def admin(self) -> tuple[str, str]:
        return "admin", admin_password(self.settings, superset_home(self.layout))

    def client(self) -> SupersetClient:
        return signed_in(self.settings, self.layout)

    def client_of(self, role: str) -> SupersetClient:
        return SupersetClient(self.address, role, f"{role}-password")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> DataLayout:
    """The sample company, through the command a newcomer runs."""
    folder = tmp_path_factory.mktemp("company")
    environment = {**os.environ, "NETVEXA_DATA_DIR": str(folder / "data"), "NETVEXA_AS_OF": AS_OF}
    demo = [sys.executable, "-c", "from orchestration.cli import main; main()", "demo"]
    done = subprocess.run(
        demo,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return DataLayout(folder / "data")


@pytest.fixture(scope="session")
def dashboards(published: DataLayout) -> Iterator[Dashboards]:
    """Superset in its own environment, made here if it is not there yet, with everything pushed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as environment:
        for role in ROLES:
            environment.setenv(f"NETVEXA_SUPERSET_PASSWORD_{role.upper()}", f"{role}-password")
        settings = load_settings().model_copy(update={"superset_url": f"http://127.0.0.1:{port}"})
        with running_superset(settings, published, SILENT) as address:
            with signed_in(settings, published) as client:
                assert push_dashboards(client, published, SILENT) == {}
            yield Dashboards(settings, published, address)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium, else the one Playwright has installed.

    Of a module: Playwright keeps an event loop running, beside which no other test of the worker could run its own.
    """
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_QUIET))
        yield browser
        browser.close()
