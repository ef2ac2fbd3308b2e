"""Claims about Stripe, over HTTP against the sandbox server with Stripe's manners and faults."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ingestion.contract import RunContext, StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.simulator.emit_stripe import StripeState
from ingestion.simulator.stripe_server import Fault, RequestInfo, SandboxStripe
from ingestion.sources.stripe.contract import TABLES
from ingestion.sources.stripe.extract import StripeSource
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run

API_KEY = "rk_test_do_not_tell"
PERSONAL = ("jane@example.com", "Jane Doe", "+49 30 1234567")
ITEMS = 25
CUSTOMERS = 230

NOW = int(INSTANT.timestamp())

Document = dict[str, Any]


def _no_wait(seconds: float) -> None:
    assert seconds >= 0


def _state(**changes: Any) -> StripeState:
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
        _event("evt_old", NOW - 31 * 86_400, customers[0]),
        _event("evt_1", NOW - 5, {**subscription, "items": {**subscription["items"], "data": items[:1]}}, "trialing"),
        _event("evt_2", NOW - 4, {"id": "pm_1", "object": "payment_method", "billing_details": {"name": "Jane Doe"}}),
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


def _event(event_id: str, created: int, document: Document, previous_status: str | None = None) -> Document:
    data: Document = {"object": document}
    if previous_status is not None:
        data["previous_attributes"] = {"status": previous_status}
    return {
        "id": event_id,
        "object": "event",
        "created": created,
        "livemode": True,
        "api_version": "2026-10-28.endive",
        "type": f"{document['object']}.updated",
        "data": data,
    }


def _land(
    lake: Lake,
    state: StripeState,
    faults: Callable[[RequestInfo], Fault | None] | None = None,
    run: RunContext | None = None,
) -> StagedBatch:
    with SandboxStripe(state, API_KEY, faults=faults) as server:
        (staged,) = StripeSource(API_KEY, server.base_url, sleep=_no_wait).stage(lake, run or make_run())
    commit(lake, staged)
    return staged


def _payloads(lake: Lake, table: str) -> list[Document]:
    return [json.loads(row["payload"]) for row in landed_rows(lake, "stripe", table)]


def test_lists__land_whole_with_a_partition_for_every_table(lake: Lake) -> None:
    _land(lake, _state())
    assert {row["id"] for row in landed_rows(lake, "stripe", "customers")} == {f"cus_{n:03}" for n in range(CUSTOMERS)}
    assert {manifest.table for manifest in read_manifests(lake, "stripe")} == set(TABLES)
    assert {manifest.partition_value for manifest in read_manifests(lake, "stripe")} == {"2026-11-22"}
    row = landed_rows(lake, "stripe", "customers")[0]
    assert (row["created_at"].timestamp(), row["livemode"], row["read_at"]) == (NOW, True, INSTANT)


def test_embedded_lists__are_read_to_their_end_with_their_discounts(lake: Lake) -> None:
    _land(lake, _state())
    items = _payloads(lake, "subscriptions")[0]["items"]["data"]
    assert [item["id"] for item in items] == [f"si_{n:02}" for n in range(ITEMS)]
    assert items[-1]["discounts"][0]["source"] == {"coupon": "c1", "type": "coupon"}
    assert len(_payloads(lake, "invoices")[0]["lines"]["data"]) == ITEMS


def test_events__of_thirty_days_land_with_their_object_before_and_after(lake: Lake) -> None:
    _land(lake, _state())
    rows = landed_rows(lake, "stripe", "events")
    assert [row["id"] for row in rows] == ["evt_1"]
    assert (rows[0]["type"], rows[0]["object_id"]) == ("subscription.updated", "sub_1")
    assert json.loads(rows[0]["payload"])["status"] == "active"
    before = json.loads(rows[0]["previous_payload"])
    assert (before["status"], before["items"]["data"][0]["id"]) == ("trialing", "si_00")


def test_lake__holds_no_personal_data_of_stripe(lake: Lake) -> None:
    _land(lake, _state())
    everything = repr([landed_rows(lake, "stripe", table) for table in TABLES])
    assert [value for value in PERSONAL if value in everything] == []


def test_second_run_of_a_day__keeps_every_version_and_repeats_none(lake: Lake) -> None:
    _land(lake, _state())
    _land(lake, _state(), run=make_run("run-2", INSTANT + timedelta(hours=1)))
    assert len(landed_rows(lake, "stripe", "subscriptions")) == 1
    _land(lake, _state(status="past_due"), run=make_run("run-3", INSTANT + timedelta(hours=2)))
    rows = landed_rows(lake, "stripe", "subscriptions")
    assert [(json.loads(row["payload"])["status"], row["read_at"]) for row in rows] == [
        ("active", INSTANT),
        ("past_due", INSTANT + timedelta(hours=2)),
    ]
    assert len(landed_rows(lake, "stripe", "customers")) == CUSTOMERS


def test_object_that_changes_back_within_a_day__is_a_version_again(lake: Lake) -> None:
    for hours, status in enumerate(["active", "past_due", "active"]):
        run = make_run(f"run-{hours}", INSTANT + timedelta(hours=hours))
        _land(lake, _state(status=status), run=run)
    statuses = [json.loads(row["payload"])["status"] for row in landed_rows(lake, "stripe", "subscriptions")]
    assert statuses == ["active", "past_due", "active"]


def test_event_snapshot_that_is_cut_off__is_completed_with_the_items_of_today(lake: Lake) -> None:
    subscription = _state().resources["subscriptions"][0]
    items = subscription["items"]["data"]
    event = _event("evt_3", NOW - 3, subscription, "trialing")
    event["data"]["previous_attributes"]["items"] = {
        "data": [{**items[0], "quantity": 99}, *items[1:10]],
        "has_more": True,
    }
    _land(lake, _state(events=[event]))
    row = landed_rows(lake, "stripe", "events")[0]
    after, before = (json.loads(row[name])["items"]["data"] for name in ("payload", "previous_payload"))
    assert [item["id"] for item in after] == [item["id"] for item in before] == [f"si_{n:02}" for n in range(ITEMS)]
    assert (after[0]["quantity"], before[0]["quantity"]) == (0, 99)


def test_event_of_another_api_version__lands_as_a_signal_without_its_snapshots(lake: Lake) -> None:
    foreign = _event("evt_3", NOW - 3, _state().resources["subscriptions"][0], "trialing") | {
        "api_version": "2020-08-27"
    }
    _land(lake, _state(events=[foreign]))
    row = landed_rows(lake, "stripe", "events")[0]
    assert (row["object_id"], row["api_version"]) == ("sub_1", "2020-08-27")
    assert (row["payload"], row["previous_payload"]) == (None, None)


def test_next_day__is_a_partition_of_its_own(lake: Lake) -> None:
    _land(lake, _state())
    _land(lake, _state(), run=make_run("run-2", INSTANT + timedelta(days=1)))
    assert Counter(manifest.partition_value for manifest in read_manifests(lake, "stripe")) == {
        "2026-11-22": len(TABLES),
        "2026-11-23": len(TABLES),
    }


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=429, retry_after=0),
        Fault(status=500),
        Fault(status=503),
        Fault(cut_body_at=100),
        Fault(cut_body_at=0),
        Fault(repeat_page=True),
    ],
)
def test_faults__every_third_request_changes_nothing_that_lands(lake: Lake, fault: Fault) -> None:
    hit: list[int] = []

    def every_third(request: RequestInfo) -> Fault | None:
        if request.number % 3 == 0:
            hit.append(request.number)
            return fault
        return None

    _land(lake, _state(), every_third)
    assert hit
    assert Counter(row["id"] for row in landed_rows(lake, "stripe", "customers")) == Counter(
        f"cus_{n:03}" for n in range(CUSTOMERS)
    )
    assert len(_payloads(lake, "subscriptions")[0]["items"]["data"]) == ITEMS


def test_outage__is_tried_a_bounded_number_of_times_and_lands_nothing(lake: Lake) -> None:
    requests: list[int] = []

    def always(request: RequestInfo) -> Fault:
        requests.append(request.number)
        return Fault(status=429, retry_after=0)

    with pytest.raises(TransientSourceError, match="429") as failure:
        _land(lake, _state(), always)
    assert len(requests) == 5
    assert failure.value.retry_after == 0
    assert read_manifests(lake) == []


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "STRIPE_API_KEY"), (403, "read access to customers"), (400, "the API has changed"), (404, "refused")],
)
def test_refusals__stop_at_once_naming_the_key_but_not_its_value(lake: Lake, status: int, told: str) -> None:
    requests: list[int] = []

    def refuse(request: RequestInfo) -> Fault:
        requests.append(request.number)
        return Fault(status=status)

    with pytest.raises(PermanentSourceError, match=told) as failure:
        _land(lake, _state(), refuse)
    assert len(requests) == 1
    assert "STRIPE_API_KEY" in str(failure.value)
    assert API_KEY not in str(failure.value)
    assert "\n" not in str(failure.value)


def test_wrong_key__is_refused_by_name(lake: Lake) -> None:
    with SandboxStripe(_state(), API_KEY) as server, pytest.raises(PermanentSourceError, match="401") as failure:
        list(StripeSource("rk_test_wrong", server.base_url).stage(lake, make_run()))
    assert "rk_test_wrong" not in str(failure.value)


def test_empty_key__is_refused_before_any_request() -> None:
    with pytest.raises(PermanentSourceError, match="STRIPE_API_KEY is empty"):
        StripeSource(" ")


def test_no_server__is_told_without_a_trace_of_the_key(lake: Lake) -> None:
    with pytest.raises(TransientSourceError, match="STRIPE_API_BASE") as failure:
        list(StripeSource(API_KEY, "http://127.0.0.1:9", sleep=_no_wait).stage(lake, make_run()))
    assert API_KEY not in str(failure.value)


def test_manifest__names_the_api_version_asked_for(lake: Lake) -> None:
    asked: list[tuple[tuple[str, str], ...]] = []
    _land(lake, _state(), lambda request: asked.append(request.parameters))
    assert {manifest.origin for manifest in read_manifests(lake, "stripe")} == {"Stripe API 2026-10-28.endive"}
    assert all(("limit", "100") in parameters for parameters in asked)


def test_damaged_partition_of_today__is_read_again_with_a_warning(lake: Lake) -> None:
    _land(lake, _state())
    path = lake.partition("stripe", "customers", "read_date", "2026-11-22") / "data.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    staged = _land(lake, _state(), run=make_run("run-2"))
    assert any("stripe.customers" in warning for warning in staged.warnings)
    assert len(landed_rows(lake, "stripe", "customers")) == CUSTOMERS
