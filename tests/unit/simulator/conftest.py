"""One company for all tests of the simulator: built once, read by many."""

from datetime import UTC, datetime

import pytest

from ingestion.simulator.world import World, build_world

UNTIL = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> World:
    """Twenty months up to 21 November 2026."""
    return build_world(UNTIL)
