"""Erased accounts at Stripe's border, over HTTP: what of theirs stays out, and whose is not theirs."""

from __future__ import annotations

import json

from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.simulator.stripe_server import SandboxStripe
from ingestion.sources.stripe.extract import StripeSource
from tests.integration.ingestion.stripe_account import API_KEY, NOW, Document, account, event_of, no_wait
from tests.unit.ingestion.lake_cases import landed_rows, make_run

KEYS = KeyRing.parse("k1:a secret of these tests")


def customer(name: str, account_id: str) -> Document:
    return {"id": name, "object": "customer", "created": NOW - 90, "metadata": {"account_id": account_id}}


def land_without(lake: Lake, erased: ErasedSubjects, *customers: Document, events: list[Document]) -> None:
    """Stage and commit what a night reads when these stay out; events newest first, as Stripe lists them."""
    company = account(customers=list(customers), events=events)
    with SandboxStripe(company, API_KEY) as server:
        (staged,) = StripeSource(API_KEY, server.base_url, sleep=no_wait, erased=erased).stage(lake, make_run())
    commit(lake, staged)


def test_a_customer_that_was_moved_from_an_erased_account_to_another__is_the_others_and_only_the_past_stays_out(
    lake: Lake,
) -> None:
    erased = ErasedSubjects(KEYS, {"account": frozenset(KEYS.tokens("account", "a-erased"))})
    moved = event_of("evt_moved", NOW - 60, customer("cus_1", "a-other"))
    moved["data"]["previous_attributes"] = {"metadata": {"account_id": "a-erased"}}
    made = event_of("evt_made", NOW - 90, customer("cus_1", "a-erased"), event_type="customer.created")
    land_without(lake, erased, customer("cus_1", "a-other"), events=[moved, made])
    assert [row["id"] for row in landed_rows(lake, "stripe", "customers")] == ["cus_1"]
    assert erased.found == {}
    everything = json.dumps([landed_rows(lake, "stripe", table) for table in ("customers", "events")], default=str)
    assert "a-erased" not in everything


def test_a_new_customer_of_an_erased_account__stays_out_with_its_ids(lake: Lake) -> None:
    erased = ErasedSubjects(KEYS, {"account": frozenset(KEYS.tokens("account", "a-erased"))})
    made = event_of("evt_made", NOW - 90, customer("cus_9", "a-erased"), event_type="customer.created")
    land_without(lake, erased, customer("cus_9", "a-erased"), customer("cus_1", "a-other"), events=[made])
    assert [row["id"] for row in landed_rows(lake, "stripe", "customers")] == ["cus_1"]
    assert landed_rows(lake, "stripe", "events") == []
    assert erased.holds("stripe", "cus_9")
