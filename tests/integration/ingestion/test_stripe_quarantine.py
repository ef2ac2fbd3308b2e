"""Claims about Stripe objects that cannot land: set aside by key, reason and origin, while everything else lands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from tests.integration.ingestion.stripe_account import CUSTOMERS, NOW, Document, account, event_of, land
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run, quarantined_rows

FAR_AHEAD = NOW + 3 * 86_400


def _land_customer(lake: Lake, **fields: Any) -> None:
    """The account with one customer spoiled, which is the newest of its list."""
    company = account()
    customers = [{**company.resources["customers"][0], "id": "cus_bad", **fields}, *company.resources["customers"]]
    land(lake, replace(company, resources={**company.resources, "customers": customers}))


@pytest.mark.parametrize(
    ("fields", "key", "reason"),
    [
        ({"id": None}, None, "id is missing"),
        ({"id": ""}, None, "id is missing"),
        ({"id": "cus\x00"}, None, "id holds a NUL character"),
        ({"created": "soon"}, "cus_bad", "created is no instant"),
        ({"created": 1.5}, "cus_bad", "created is no instant"),
        ({"created": -1}, "cus_bad", "created is no instant"),
        ({"created": FAR_AHEAD}, "cus_bad", "created lies in the future"),
        ({"livemode": "yes"}, "cus_bad", "livemode is not true or false"),
        ({"metadata": {"account_id": "a\x00b"}}, "cus_bad", "account_id holds a NUL character"),
        ({"metadata": {"account_id": "\ud800"}}, "cus_bad", "account_id is no valid Unicode"),
        ({"discount": {"id": "di_1", "start": 12.5}}, "cus_bad", "start is no integer"),
        (
            {"discount": {"id": "di_1", "source": {"coupon": {"amount_off": True}}}},
            "cus_bad",
            "amount_off is no integer",
        ),
        ({"discount": {"id": "di_1", "end": 2**63}}, "cus_bad", "end is no integer"),
        ({"discount": {"source": {"coupon": {"percent_off": float("inf")}}}}, "cus_bad", "percent_off is no number"),
    ],
)
def test_object__that_cannot_land_is_set_aside_with_its_reason_and_origin(
    lake: Lake, fields: Document, key: str | None, reason: str
) -> None:
    _land_customer(lake, **fields)
    assert quarantined_rows(lake, "stripe", "customers") == [
        {"key": key, "reason": reason, "origin": "Stripe GET /v1/customers"}
    ]
    assert {row["id"] for row in landed_rows(lake, "stripe", "customers")} == {f"cus_{n:03}" for n in range(CUSTOMERS)}
    (manifest,) = read_manifests(lake, "stripe", "customers")
    assert (manifest.source_rows, manifest.quarantined_by_reason) == (CUSTOMERS + 1, {reason: 1})


def test_fields_that_do_not_land__are_not_judged(lake: Lake) -> None:
    _land_customer(lake, name="Jane\x00Doe", balance=1.5)
    assert quarantined_rows(lake, "stripe", "customers") == []


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"id": "evt_bad", "created": NOW - 1, "type": "customer.updated"}, "data.object is missing"),
        (event_of("evt_bad", NOW - 1, {"object": "customer", "id": "cus_000"}) | {"type": None}, "type is missing"),
        (event_of("evt_bad", NOW - 1, {"object": "discount", "customer": "cus_000"}), "data.object.id is missing"),
        (event_of("evt_bad", FAR_AHEAD, {"object": "customer", "id": "cus_000"}), "created lies in the future"),
        (
            event_of("evt_bad", NOW - 1, {"object": "subscription", "id": "sub_1", "trial_end": "tomorrow"}),
            "trial_end is no integer",
        ),
    ],
)
def test_event__that_cannot_land_is_set_aside_and_moves_no_cursor_ahead(
    lake: Lake, event: Document, reason: str
) -> None:
    company = account()
    events = [event, *company.resources["events"]]
    land(lake, replace(company, resources={**company.resources, "events": events}))
    assert quarantined_rows(lake, "stripe", "events") == [
        {"key": "evt_bad", "reason": reason, "origin": "Stripe GET /v1/events"}
    ]
    (manifest,) = read_manifests(lake, "stripe", "events")
    assert manifest.read_to is not None
    assert manifest.read_to < INSTANT


def test_second_run_of_a_day__keeps_what_is_set_aside_once_and_drops_what_was_mended(lake: Lake) -> None:
    company = account()
    bad = {**company.resources["customers"][0], "id": "cus_bad", "livemode": "yes"}
    nameless = {**bad, "id": None}
    spoiled = [bad, nameless, {**bad, "id": "cus_worse"}, *company.resources["customers"]]
    mended = [{**bad, "livemode": True}, *spoiled[1:]]
    for hours, customers in enumerate([spoiled, spoiled, mended]):
        instant = INSTANT + timedelta(hours=hours)
        told = event_of("evt_9", NOW - 1, bad)
        resources = {**company.resources, "customers": customers, "events": [told, *company.resources["events"]]}
        land(lake, replace(company, resources=resources), run=make_run(f"run-{hours}", instant, instant))
    assert [row["key"] for row in quarantined_rows(lake, "stripe", "customers")] == [None, "cus_worse"]
    assert "cus_bad" in {row["id"] for row in landed_rows(lake, "stripe", "customers")}
