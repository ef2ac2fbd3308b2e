"""A nightly run killed by SIGKILL, again and again, each time further on: the last version stays served, runs heal.

The kills of a test pile up on one data directory, without a finished run in between; the run after the last of them
must end with the lake and the published bytes of a run that nobody disturbed.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.steps import hashes
from tests.faults.conftest import FIRST_NIGHT, House, Kill, Result

# While the sources are read, and at every kind of step of a commit: see docs/lake.md.
LANDING = (
    Kill("phase", "Sources"),
    Kill("done", "raw_app.events"),
    Kill("done", "raw_stripe.invoices"),
    Kill("phase", "Gate 1"),
    Kill("doing", "moving the batches"),
    Kill("os.rename", "data.parquet.next", nth=2),
    Kill("os.rename", "manifest.json", nth=9),
)
BUILDING_AND_PUBLISHING = (
    Kill("doing", "dbt 40/"),
    Kill("doing", "dbt 400/"),
    Kill("phase", "Gate 2"),
    Kill("os.rename", "/published/.tmp-2"),
    Kill("os.rename", "/published/current"),
)


@pytest.mark.parametrize(
    "kills", [LANDING, BUILDING_AND_PUBLISHING], ids=["while landing", "while building and publishing"]
)
def test_nightly__killed_wherever_serves_the_last_version_and_heals(
    house: House, undisturbed: Result, kills: tuple[Kill, ...]
) -> None:
    before = house.served()
    assert before.run_instant == FIRST_NIGHT
    for kill in kills:
        outcome = house.run(kill=kill)
        assert outcome.code == -signal.SIGKILL, (kill, outcome)
        assert house.served() == before, kill
    outcome = house.run()
    assert outcome.code == 0, outcome
    assert house.result() == undisturbed
    assert leftovers(house.layout.root) == []


def test_nightly__killed_after_the_flip_serves_the_new_version_and_runs_again_to_the_same(
    house: House, undisturbed: Result
) -> None:
    outcome = house.run(kill=Kill("done", "version "))
    assert outcome.code == -signal.SIGKILL, outcome
    assert hashes(house.served()) == undisturbed.marts
    assert house.run().code == 0
    assert house.result() == undisturbed


def leftovers(data: Path) -> list[Path]:
    """What only an interrupted run has: staged batches, half-committed files, versions that were being made."""
    patterns = ("lake/.staging/*", "lake/raw_*/*/*/*.next", "published/.tmp-*")
    return sorted(path for pattern in patterns for path in data.glob(pattern))
