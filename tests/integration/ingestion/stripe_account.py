"""A small Stripe account for the tests of this folder, and landing it over HTTP from the sandbox server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ingestion.contract import RunContext, StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.simulator.emit_stripe import StripeState
from ingestion.simulator.stripe_server import Fault, RequestInfo, SandboxStripe
from ingestion.sources.stripe.extract import StripeSource
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run

API_KEY = "rk_test_do_not_tell"
PERSONAL = ("jane@example.com", "Jane Doe", "+49 30 1234567")
ITEMS = 25
CUSTOMERS = 230

NOW = int(INSTANT.timestamp())

Document = dict[str, Any]


def no_wait(seconds: float) -> None:
    """Waiting between two attempts, without the wait."""
    assert seconds >= 0


def account(**changes: Any) -> StripeState:
    """230 customers, one subscription with 25 items, one invoice with 25 lines, and events of both."""
    customers = [
        {
            "id": f"cus_{n:03}",
            "object": "customer",
            "created": NOW - n,
            "livemode": True,
            "email": "jane@example.com",
            "name": "Jane Doe",
            "phone": "+49 30 1234567",
            "metadata": {"account_id": f"a{n}", "contact": "Jane Doe"},
        }
        for n in range(CUSTOMERS)
    ]
    items = [
        {
            "id": f"si_{n:02}",
            "object": "subscription_item",
            "created": NOW - n,
            "quantity": n,
            "subscription": "sub_1",
            "price": {"id": "price_1", "object": "price", "nickname": "Jane Doe"},
            "discounts": ["di_1"] if n == ITEMS - 1 else [],
        }
        for n in range(ITEMS)
    ]
    subscription = {
        "id": "sub_1",
        "object": "subscription",
        "created": NOW - 9,
        "livemode": True,
        "status": changes.pop("status", "active"),
        "description": "Jane Doe",
        "discounts": ["di_1"],
        "items": {
            "object": "list",
            "data": items,
            "has_more": False,
            "url": "/v1/subscription_items?subscription=sub_1",
        },
    }
    lines = [
        {"id": f"il_{n:02}", "object": "line_item", "amount": n, "description": "Jane Doe", "discounts": []}
        for n in range(ITEMS)
    ]
    invoice = {
        "id": "in_1",
        "object": "invoice",
        "created": NOW - 9,
        "livemode": True,
        "customer_email": "jane@example.com",
        "discounts": [],
        "lines": {"object": "list", "data": lines, "has_more": False, "url": "/v1/invoices/in_1/lines"},
    }
    events = [
        event_of("evt_old", NOW - 31 * 86_400, customers[0]),
        event_of("evt_1", NOW - 5, {**subscription, "items": {**subscription["items"], "data": items[:1]}}, "trialing"),
        event_of("evt_2", NOW - 4, {"id": "pm_1", "object": "payment_method", "billing_details": {"name": "Jane Doe"}}),
    ]
    resources = {
        "customers": customers,
        "subscriptions": [subscription],
        "invoices": [invoice],
        "events": sorted(events, key=lambda event: -event["created"]),
        **changes,
    }
    discount = {
        "id": "di_1",
        "object": "discount",
        "start": 1,
        "end": None,
        "source": {"coupon": "c1", "type": "coupon"},
    }
    return StripeState("2026-10-28.endive", resources, {"di_1": discount}, {}, {})


def event_of(
    event_id: str, created: int, document: Document, previous_status: str | None = None, event_type: str | None = None
) -> Document:
    """An event about an object as it stands; `previous_status` goes into its previous attributes."""
    data: Document = {"object": document}
    if previous_status is not None:
        data["previous_attributes"] = {"status": previous_status}
    return {
        "id": event_id,
        "object": "event",
        "created": created,
        "livemode": True,
        "api_version": "2026-10-28.endive",
        "type": event_type or f"{document['object']}.updated",
        "data": data,
    }


def land(
    lake: Lake,
    company: StripeState,
    faults: Callable[[RequestInfo], Fault | None] | None = None,
    run: RunContext | None = None,
    timeout: float = 5.0,
) -> StagedBatch:
    """Stage and commit what a run reads of an account. `timeout`: seconds that the server may keep silent."""
    with SandboxStripe(company, API_KEY, faults=faults) as server:
        (staged,) = StripeSource(API_KEY, server.base_url, sleep=no_wait, timeout=timeout).stage(
            lake, run or make_run()
        )
    commit(lake, staged)
    return staged


def payloads(lake: Lake, table: str) -> list[Document]:
    """The documents that landed of a table, oldest partition first."""
    return [json.loads(row["payload"]) for row in landed_rows(lake, "stripe", table)]
