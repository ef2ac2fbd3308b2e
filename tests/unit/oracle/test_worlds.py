"""The worlds by chance hold what they are said to hold: what none of a hundred shows, no comparison ever tries.

Belongs here: how far the worlds reach. Does not: what follows from them, or what is too rare for chance and has a fixed
world (tests/oracle/cases.py): unpaid subscriptions, currencies without a rate, changes that no event tells of any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.oracle.catalogue import COUPON, Document
from tests.oracle.clock import instant
from tests.oracle.inputs import Inputs
from tests.oracle.worlds import finance_worlds

WORLDS = 120


@pytest.fixture(scope="module")
def worlds() -> list[Inputs]:
    """The worlds that tests/e2e compares; drawn here without the comparison."""
    found: list[Inputs] = []

    @settings(
        max_examples=WORLDS,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(finance_worlds())
    def draw(world: Inputs) -> None:
        found.append(world)

    draw()
    return found


def last(world: Inputs, resource: str) -> Iterator[Document]:
    yield from (dict(document) for document in world.nights[-1].objects[resource])


def rhythms(subscription: Document) -> set[tuple[str, int]]:
    recurring = [item["price"]["recurring"] for item in subscription["items"]["data"]]
    return {(rhythm["interval"], rhythm["interval_count"]) for rhythm in recurring}


def subscriptions_ever(world: Inputs) -> Iterator[Document]:
    for night in world.nights:
        yield from (dict(document) for document in night.objects["subscriptions"])


def pauses(behavior: str) -> Callable[[Inputs], bool]:
    return lambda world: any(
        (s["pause_collection"] or {}).get("behavior") == behavior for s in subscriptions_ever(world)
    )


def refunds_of_months_ago(world: Inputs) -> bool:
    paid = {p["payment"]["payment_intent"]: instant(p["created"]) for p in last(world, "invoice_payments")}
    return any((instant(r["created"]) - paid[r["payment_intent"]]).days > 31 for r in last(world, "refunds"))


REACHES: dict[str, Callable[[Inputs], bool]] = {
    "several reads": lambda w: len(w.nights) > 2,
    "events in another API version": lambda w: any(e["api_version"] != "pinned" for n in w.nights for e in n.events),
    "deleted customers": lambda w: bool(
        {s["customer"] for s in last(w, "subscriptions")} - {c["id"] for c in last(w, "customers")}
    ),
    "test mode": lambda w: any(not c["livemode"] for c in last(w, "customers")),
    "mixed intervals": lambda w: any(len(rhythms(s)) > 1 for s in last(w, "subscriptions")),
    "once coupons on trials": lambda w: any(
        i["discounts"]
        and not i["total"]
        and any(COUPON[d["source"]["coupon"]]["duration"] == "once" for d in i["discounts"])
        for i in last(w, "invoices")
    ),
    "credit notes taken back": lambda w: any(n["status"] == "void" for n in last(w, "credit_notes")),
    "backdated starts": lambda w: any(s["start_date"] < s["created"] for s in last(w, "subscriptions")),
    "billed elsewhere": lambda w: bool(
        {s["customer"] for s in last(w, "subscriptions")} - {i["customer"] for i in last(w, "invoices")}
    ),
    "paused: void": pauses("void"),
    "paused: keep_as_draft": pauses("keep_as_draft"),
    "paused: mark_uncollectible": pauses("mark_uncollectible"),
    "refunds of months ago": refunds_of_months_ago,
    "currencies without decimals": lambda w: any(s["currency"] == "jpy" for s in last(w, "subscriptions")),
    "currencies with three decimals": lambda w: any(i["currency"] == "kwd" for i in last(w, "invoices")),
    "discounts of an item": lambda w: any(
        item["discounts"] for s in last(w, "subscriptions") for item in s["items"]["data"]
    ),
    "past due": lambda w: any(s["status"] == "past_due" for s in subscriptions_ever(w)),
    "a change within the hour of a DST day": lambda w: any(
        instant(e["created"]).date().isoformat() in ("2025-10-26", "2026-03-29") for n in w.nights for e in n.events
    ),
}


@pytest.mark.parametrize("what", REACHES)
def test_worlds__reach(what: str, worlds: list[Inputs]) -> None:
    assert any(REACHES[what](world) for world in worlds)
