"""`netvexa retention` as a process: what is due leaves, the numbers by the day are published again and are the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.orchestration.conftest import Installation, Outcome

# 400 days after 9 November 2026, and one.
LATER = "2027-12-15T02:00:00+00:00"
BY_THE_DAY = ("fct_agent_days", "fct_agent_ttfv", "conversation_quality_daily")


class LaterInstallation:
    """A copy of the company's data, thirteen months on."""

    def __init__(self, installation: Installation, data: Path) -> None:
        self._installation = installation
        self.data = data
        shutil.copytree(installation.data, data, symlinks=True)

    def run(self, *arguments: str) -> Outcome:
        settings = {"NETVEXA_DATA_DIR": str(self.data), "NETVEXA_AS_OF": LATER, "NETVEXA_RETENTION_EVENTS_DAYS": "400"}
        return self._installation.run(*arguments, **settings)

    def files(self) -> dict[str, bytes]:
        """Every file of the data directory with what it holds."""
        return {str(path): path.read_bytes() for path in self.data.rglob("*") if path.is_file()}

    def event_days(self) -> list[str]:
        return sorted(folder.name.partition("=")[2] for folder in (self.data / "lake/raw_app/events").iterdir())

    def published(self) -> dict[str, tuple[int, str]]:
        """Rows and hash of each published table."""
        manifest = json.loads((self.data / "published" / "current" / "manifest.json").read_text())
        return {table["name"]: (table["rows"], table["sha256"]) for table in manifest["tables"]}


@pytest.fixture
def later(installation: Installation, tmp_path: Path) -> LaterInstallation:
    return LaterInstallation(installation, tmp_path / "data")


def test_retention__lets_go_of_events_and_publishes_the_same_numbers_by_the_day(later: LaterInstallation) -> None:
    before, files = later.published(), later.files()
    told = later.run("retention", "--dry-run")
    assert told.code == 0, told.stderr
    assert "would leave: 8 days of events: 2026-11-02 to 2026-11-09" in told.stdout
    assert later.files() == files

    done = later.run("retention")
    assert done.code == 0, done.stderr + done.stdout
    assert min(later.event_days()) == "2026-11-10"
    after = later.published()
    assert {name: after[name] for name in BY_THE_DAY} == {name: before[name] for name in BY_THE_DAY}
    # Two conversations a day.
    assert after["fct_conversations"][0] == before["fct_conversations"][0] - 16
    assert "conversation_0_1" not in (later.data / "warehouse" / "netvexa.duckdb").read_bytes().decode("latin-1")

    refused = later.run("backfill", "--source", "app", "--from", "2026-11-05", "--to", "2026-11-12")
    assert refused.code == 2
    assert "--from 2026-11-10 is the earliest" in refused.stderr

    again = later.run("retention", "--dry-run")
    assert "days of events" not in again.stdout
