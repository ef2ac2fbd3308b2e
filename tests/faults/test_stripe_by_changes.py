"""Stripe read every night, mostly by what its events say has changed, and Stripe read once, whole: the same marts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import uuid4

from ingestion.contract import RunContext
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.simulator.emit_stripe import stripe_state
from ingestion.simulator.stripe_server import SandboxStripe
from ingestion.simulator.world import World
from ingestion.sources.stripe.contract import TABLES
from ingestion.sources.stripe.extract import StripeSource
from tests.e2e.sources import STRIPE_KEY
from tests.faults.conftest import SECOND_NIGHT, STRIPE_ROWS, House

NIGHTS = 10


def land_stripe(house: House, world: World, nights_before: int) -> None:
    """A night's reading of Stripe alone, as Stripe stood then."""
    instant = SECOND_NIGHT - timedelta(days=nights_before)
    lake = Lake(house.layout.lake)
    run = RunContext(uuid4().hex, instant, lambda: instant, lambda _: None)
    with SandboxStripe(stripe_state(world, instant), STRIPE_KEY) as stripe:
        for batch in StripeSource(STRIPE_KEY, stripe.base_url).stage(lake, run):
            commit(lake, batch)


def test_ten_nights_of_changes__publish_the_marts_of_one_reading_of_whole_lists(
    house: House, small_world: World
) -> None:
    house.empty()
    outcome = house.run()
    assert outcome.code == 0, outcome
    assert readings(house) == {"whole": len(TABLES)}
    at_once = house.result()

    house.empty()
    for nights_before in range(NIGHTS, 0, -1):
        land_stripe(house, small_world, nights_before)
    outcome = house.run()
    assert outcome.code == 0, outcome
    by_night = readings(house)
    # The first, and once a week; a short list may be read whole on other nights too.
    assert by_night["changes"] > (NIGHTS - 3) * len(TABLES)
    # Nights see more versions than one reading does, and no other number.
    found = house.result().differs_from(at_once)
    assert [line for line in found if not line.startswith(STRIPE_ROWS)] == []


def readings(house: House) -> Counter[str]:
    """How many lists were read whole, and how many by changes, over all nights."""
    return Counter(manifest.coverage for manifest in house.manifests() if manifest.source == "stripe")
