"""Stripe for the suite, over HTTP from the sandbox server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingestion.contract import Backfill, Source
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.simulator.emit_stripe import StripeState
from ingestion.simulator.stripe_server import Fault, Faults, SandboxStripe
from ingestion.sources.stripe.contract import RESOURCES, TABLES
from ingestion.sources.stripe.extract import StripeSource
from tests.contract.cases import Opener, Room, SourceCase
from tests.unit.ingestion.lake_cases import INSTANT

API_KEY = "rk_test_not_to_be_told"
CANARY = "canary@example.com"
NOW = int(INSTANT.timestamp())
OBJECTS = 3

# Fields that no allow-list names, or must not.
_PERSONAL = {"name": CANARY, "email": CANARY, "description": CANARY, "metadata": {"note": CANARY}}


def _objects(object_name: str) -> list[dict[str, Any]]:
    """Objects of a kind, newest first."""
    lists = {name: {"object": "list", "data": [], "has_more": False} for name in ("items", "lines")}
    return [
        {
            "id": f"{object_name}_{n}",
            "object": object_name,
            "created": NOW - n,
            "livemode": True,
            **_PERSONAL,
            **lists,
            "discounts": [],
        }
        for n in range(OBJECTS)
    ]


def _account() -> StripeState:
    resources = {it.name: _objects(it.object_name) for it in RESOURCES if it.object_name != "event"}
    about = {"object": resources["customers"][0], "previous_attributes": {"email": CANARY}}
    event = {"id": "evt_1", "object": "event", "created": NOW, "livemode": True, "api_version": "2026-10-28.endive"}
    resources["events"] = [{**event, "type": "customer.updated", "data": about}]
    return StripeState("2026-10-28.endive", resources, {}, {}, {})


EMPTY = StripeState("2026-10-28.endive", {}, {}, {}, {})


def _answering(state: StripeState, key: str = API_KEY, faults: Faults | None = None) -> Opener:
    @contextmanager
    def opened(_room: Room) -> Iterator[Source]:
        with SandboxStripe(state, API_KEY, faults=faults) as server:
            yield StripeSource(key, server.base_url, sleep=lambda _seconds: None)

    return opened


STRIPE = SourceCase(
    name="stripe",
    full=_answering(_account()),
    empty=_answering(EMPTY),
    failing=(
        (PermanentSourceError, _answering(_account(), key="rk_test_wrong_and_not_to_be_told")),
        (PermanentSourceError, _answering(_account(), faults=lambda _: Fault(status=403))),
        (TransientSourceError, _answering(_account(), faults=lambda _: Fault(status=500))),
    ),
    source_rows={**dict.fromkeys(TABLES, OBJECTS), "events": 1},
    canaries=(CANARY, API_KEY),
    secrets=(CANARY, API_KEY, "rk_test_wrong_and_not_to_be_told"),
    backfill=Backfill("stripe"),
)
