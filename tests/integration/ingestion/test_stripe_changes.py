"""Claims about nights that read only what changed at Stripe, and when they must read whole lists instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from ingestion.contract import Backfill
from ingestion.lake import MANIFEST_FILE, Lake
from ingestion.landing import read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.simulator.emit_stripe import StripeState
from ingestion.simulator.stripe_server import RequestInfo
from ingestion.sources.stripe.contract import RESOURCES, TABLES
from tests.integration.ingestion.stripe_account import (
    CUSTOMERS,
    ITEMS,
    NOW,
    Document,
    account,
    event_of,
    land,
    payloads,
)
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run

DAY = timedelta(days=1)
TOMORROW = "2026-11-23"
# One page of events, and of what is new in each list.
QUIET_NIGHT = len(RESOURCES)


class Requests:
    """What was asked of the server, as paths below /v1; gives no fault."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, request: RequestInfo) -> None:
        self.paths.append(request.path.removeprefix("/v1/"))

    def single_reads(self) -> list[str]:
        return [path for path in self.paths if "/" in path]


def night(days: int, run_id: str | None = None) -> Any:
    """The run of so many days after the first one."""
    return make_run(run_id or f"run-{days}", INSTANT + days * DAY, INSTANT + days * DAY)


def old(document: Document) -> Document:
    """The object as if it had been created long before any night."""
    return {**document, "created": NOW - 200 * 86_400}


def old_account(**changes: Any) -> StripeState:
    """The account with nothing new in it: an event of a customer is all that happened lately."""
    company = account()
    resources = {name: [old(document) for document in documents] for name, documents in company.resources.items()}
    resources["events"] = [event_of("evt_last", NOW - 5, resources["customers"][0])]
    return replace(company, resources=resources | changes)


def with_event(company: StripeState, event: Document, **changes: list[Document]) -> StripeState:
    """The account a day later: one event more, and some lists as they stand then."""
    events = [event, *company.resources["events"]]
    return replace(company, resources={**company.resources, "events": events, **changes})


def coverage(lake: Lake, day: str) -> dict[str, str]:
    return {m.table: m.coverage for m in read_manifests(lake, "stripe") if m.partition_value == day}


def test_quiet_night__asks_each_list_once_and_lands_next_to_nothing(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    requests = Requests()
    land(lake, company, requests, run=night(1))
    # The newest event is read again, and what it names.
    assert requests.single_reads() == ["customers/cus_000"]
    assert len(requests.paths) == QUIET_NIGHT + 1
    assert set(coverage(lake, TOMORROW).values()) == {"changes"}
    rows = {m.table: m.landed_rows for m in read_manifests(lake, "stripe") if m.partition_value == TOMORROW}
    assert {table: count for table, count in rows.items() if count} == {"events": 1, "customers": 1}


@pytest.mark.parametrize("customers", [120, 230])
def test_quiet_night__costs_the_same_however_much_there_is(lake: Lake, customers: int) -> None:
    company = old_account()
    company.resources["customers"][customers:] = []
    land(lake, company, run=night(0))
    requests = Requests()
    land(lake, company, requests, run=night(1))
    assert len(requests.paths) == QUIET_NIGHT + 1


def test_changed_object__is_read_by_its_id_with_all_its_expansions(lake: Lake) -> None:
    company = old_account()
    before = company.resources["subscriptions"][0]
    # Enough of them, for a page costs less than reading most of a short list one by one.
    others = [{**before, "id": f"sub_{n}"} for n in range(2, 90)]
    company = replace(company, resources={**company.resources, "subscriptions": [before, *others]})
    land(lake, company, run=night(0))
    changed = {**before, "status": "past_due"}
    event = event_of("evt_new", NOW + 86_000, changed, "active", "customer.subscription.updated")
    requests = Requests()
    land(lake, with_event(company, event, subscriptions=[changed, *others]), requests, run=night(1))
    assert requests.single_reads() == ["customers/cus_000", "subscriptions/sub_1"]
    document = payloads(lake, "subscriptions")[-1]
    assert (document["id"], document["status"], len(document["items"]["data"])) == ("sub_1", "past_due", ITEMS)
    assert document["discounts"][0]["source"] == {"coupon": "c1", "type": "coupon"}


def test_new_objects__come_by_the_page_and_are_not_asked_for_one_by_one(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    fresh = [
        {**company.resources["customers"][0], "id": f"cus_new_{n:03}", "created": NOW + 80_000} for n in range(150)
    ]
    told = [event_of(f"evt_new_{n:03}", NOW + 80_000, document) for n, document in enumerate(fresh)]
    resources = {
        "customers": [*fresh, *company.resources["customers"]],
        "events": [*told, *company.resources["events"]],
    }
    requests = Requests()
    land(lake, replace(company, resources={**company.resources, **resources}), requests, run=night(1))
    assert requests.paths.count("customers") == 2
    assert requests.single_reads() == ["customers/cus_000"]
    assert coverage(lake, TOMORROW)["customers"] == "changes"
    assert len({row["id"] for row in landed_rows(lake, "stripe", "customers")}) == CUSTOMERS + 150


@pytest.mark.parametrize(
    ("document", "event_type", "asked"),
    [
        ({"object": "discount", "id": "di_9", "customer": "cus_007"}, "customer.discount.created", "customers/cus_007"),
        ({"object": "customer", "id": "cus_009"}, "customer.updated", "customers/cus_009"),
        ({"object": "plan", "id": "price_7"}, "plan.updated", "prices/price_7"),
        ({"object": "coupon", "id": "50 % / zwölf"}, "coupon.updated", "coupons/50%20%25%20%2F%20zw%C3%B6lf"),
    ],
)
def test_event__has_the_objects_read_that_it_touches(
    lake: Lake, document: Document, event_type: str, asked: str
) -> None:
    company = old_account()
    prices = [old({"id": f"price_{n}", "object": "price", "livemode": True}) for n in range(9)]
    coupons = [old({"id": name, "object": "coupon", "livemode": True}) for name in ("50 % / zwölf", "c1")]
    company = replace(company, resources={**company.resources, "prices": prices, "coupons": coupons})
    land(lake, company, run=night(0))
    requests = Requests()
    event = event_of("evt_new", NOW + 80_000, document, event_type=event_type)
    land(lake, with_event(company, event), requests, run=night(1))
    assert asked in requests.paths


@pytest.mark.parametrize("identity", [{}, {"id": "upcoming_in_7"}], ids=["without an id", "with one of its own"])
def test_preview_of_an_invoice__lands_nothing_and_asks_for_nothing(lake: Lake, identity: Document) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    preview = {"object": "invoice", "customer": "cus_009", **identity}
    requests = Requests()
    told = event_of("evt_new", NOW + 80_000, preview, event_type="invoice.upcoming")
    land(lake, with_event(company, told), requests, run=night(1))
    assert requests.single_reads() == ["customers/cus_000"]
    assert {row["id"] for row in landed_rows(lake, "stripe", "events")} == {"evt_last"}
    (manifest,) = [m for m in read_manifests(lake, "stripe", "events") if m.partition_value == TOMORROW]
    assert (manifest.quarantined_rows, manifest.read_to) == (0, INSTANT + timedelta(seconds=80_000))


def test_event_of_another_api_version__has_its_object_read_again(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    customers = [{**customer, "metadata": {"account_id": "moved"}} for customer in company.resources["customers"]]
    event = event_of("evt_new", NOW + 80_000, customers[5]) | {"api_version": "2020-08-27"}
    land(lake, with_event(company, event, customers=customers), run=night(1))
    moved = {row["id"] for row in landed_rows(lake, "stripe", "customers") if "moved" in row["payload"]}
    assert "cus_005" in moved


def test_many_changes__have_the_whole_list_read_instead(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    told = [event_of(f"evt_{n}", NOW + 80_000, company.resources["customers"][n]) for n in range(40)]
    requests = Requests()
    resources = {**company.resources, "events": [*told, *company.resources["events"]]}
    land(lake, replace(company, resources=resources), requests, run=night(1))
    assert requests.single_reads() == []
    found = coverage(lake, TOMORROW)
    assert (found["customers"], found["products"]) == ("whole", "changes")


def test_object_gone_without_an_event__has_the_whole_list_read(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    customers = company.resources["customers"]
    event = event_of("evt_new", NOW + 80_000, customers[3])
    requests = Requests()
    land(lake, with_event(company, event, customers=customers[:3] + customers[4:]), requests, run=night(1))
    assert "customers/cus_003" in requests.paths
    assert coverage(lake, TOMORROW)["customers"] == "whole"


def test_deleted_object__lands_nothing_and_what_landed_stays(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    customers = [
        {**customer, "deleted": customer["id"] in {"cus_003", "cus_004"}} for customer in company.resources["customers"]
    ]
    told = with_event(company, event_of("evt_new", NOW + 80_000, customers[3], event_type="customer.deleted"))
    # Of cus_004 only a discount is told: asking for it shows that it is deleted.
    discount = {"object": "discount", "id": "di_9", "customer": "cus_004"}
    event = event_of("evt_newer", NOW + 80_001, discount, event_type="customer.discount.deleted")
    requests = Requests()
    land(lake, with_event(told, event, customers=customers), requests, run=night(1))
    assert requests.single_reads() == ["customers/cus_000", "customers/cus_004"]
    assert coverage(lake, TOMORROW)["customers"] == "changes"
    landed = [row["id"] for row in landed_rows(lake, "stripe", "customers")]
    assert (landed.count("cus_003"), landed.count("cus_004")) == (1, 1)


def test_payments_of_a_changed_invoice__are_read_though_they_have_no_event(lake: Lake) -> None:
    company = old_account()
    invoices = [{**company.resources["invoices"][0], "id": f"in_{n}"} for n in range(40)]
    payment = old({"id": "inpay_1", "object": "invoice_payment", "invoice": "in_7", "status": "open", "livemode": True})
    payments = [payment, *({**payment, "id": f"inpay_of_{n}", "invoice": "in_8"} for n in range(20))]
    company = replace(company, resources={**company.resources, "invoices": invoices, "invoice_payments": payments})
    land(lake, company, run=night(0))
    canceled = [{**payment, "status": "canceled"}, *payments[1:]]
    event = event_of("evt_new", NOW + 80_000, invoices[7], event_type="invoice.voided")
    land(lake, with_event(company, event, invoice_payments=canceled), run=night(1))
    assert coverage(lake, TOMORROW)["invoice_payments"] == "changes"
    assert payloads(lake, "invoice_payments")[-1]["status"] == "canceled"


@pytest.mark.parametrize(("days", "expected"), [(6, "changes"), (7, "whole"), (29, "whole"), (31, "whole")])
def test_gap__beyond_a_week_has_every_list_read_whole(lake: Lake, days: int, expected: str) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    event = event_of("evt_new", NOW + (days - 1) * 86_400, company.resources["customers"][1])
    land(lake, with_event(company, event), run=night(days))
    newest = max(manifest.partition_value for manifest in read_manifests(lake, "stripe"))
    assert set(coverage(lake, newest).values()) == {expected}


def test_weekly_whole_lists__count_from_the_last_whole_read_not_the_last_night(lake: Lake) -> None:
    company = old_account()
    for days in range(8):
        land(lake, company, run=night(days))
    found = {m.partition_value: m.coverage for m in read_manifests(lake, "stripe", "customers")}
    assert list(found.values()) == ["whole", *["changes"] * 6, "whole"]


def _rewrite_manifests(change: Callable[[Document], Document]) -> Callable[[Lake], None]:
    def rewrite(lake: Lake) -> None:
        for folder in lake.partition_folders("stripe"):
            path = folder / MANIFEST_FILE
            path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return rewrite


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest | {"origin": manifest["origin"].replace("endive", "basil")},
        lambda manifest: manifest | {"origin": manifest["origin"][:-1] + "?"},
        lambda manifest: manifest | {"schema_version": manifest["schema_version"] + 1},
        lambda manifest: {name: value for name, value in manifest.items() if name not in {"coverage", "read_to"}},
    ],
    ids=["API version", "fields", "columns", "written before there was a coverage"],
)
def test_lake_read_in_another_way__is_read_whole_again(lake: Lake, change: Callable[[Document], Document]) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    _rewrite_manifests(change)(lake)
    land(lake, company, run=night(1))
    assert set(coverage(lake, TOMORROW).values()) == {"whole"}


def test_backfill_of_stripe__reads_every_list_whole_and_one_of_another_source_none(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    land(lake, company, run=replace(night(1), backfill=Backfill("stripe", date(2026, 11, 1), date(2026, 11, 23))))
    assert set(coverage(lake, TOMORROW).values()) == {"whole"}
    land(lake, company, run=replace(night(2), backfill=Backfill("app", date(2026, 11, 1), date(2026, 11, 2))))
    assert set(coverage(lake, "2026-11-24").values()) == {"changes"}


def test_damaged_day__has_its_list_read_whole_in_its_place_with_a_warning(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    path = lake.partition("stripe", "customers", "read_date", "2026-11-22") / "data.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    staged = land(lake, company, run=night(1))
    assert [warning for warning in staged.warnings if "stripe.customers read_date=2026-11-22: damaged" in warning]
    assert {m.partition_value for m in read_manifests(lake, "stripe", "customers")} == {TOMORROW}
    assert coverage(lake, TOMORROW) == {table: "whole" if table == "customers" else "changes" for table in TABLES}
    assert len(landed_rows(lake, "stripe", "customers")) == CUSTOMERS


def test_damaged_day__that_stripe_cannot_tell_again_stops_the_run_by_name(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    company = with_event(company, event_of("evt_new", NOW + 30 * 86_400, company.resources["customers"][1]))
    land(lake, company, run=night(31))
    path = lake.partition("stripe", "customers", "read_date", "2026-11-22") / "data.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    land(lake, company, run=night(32))
    with pytest.raises(PermanentSourceError, match=r"stripe\.customers read_date=2026-11-22: damaged .* backup"):
        land(lake, company, run=night(38))
    assert path.exists()


def test_damaged_partition_of_today__is_read_again_with_a_warning(lake: Lake) -> None:
    land(lake, account())
    path = lake.partition("stripe", "customers", "read_date", "2026-11-22") / "data.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    staged = land(lake, account(), run=make_run("run-2"))
    assert any("stripe.customers" in warning for warning in staged.warnings)
    assert len(landed_rows(lake, "stripe", "customers")) == CUSTOMERS


def test_day_that_was_read_whole__stays_whole_when_changes_are_added(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    event = event_of("evt_new", NOW + 3_600, company.resources["customers"][1])
    later = make_run("later", INSTANT + timedelta(hours=2), INSTANT + timedelta(hours=2))
    requests = Requests()
    land(lake, with_event(company, event), requests, run=later)
    assert requests.paths.count("customers") == 1
    (manifest,) = read_manifests(lake, "stripe", "customers")
    assert (manifest.coverage, manifest.landed_rows) == ("whole", CUSTOMERS)
    assert manifest.read_to == INSTANT + timedelta(hours=1)


def test_events_that_are_gone__have_every_list_read_whole_with_a_warning(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    staged = land(lake, replace(company, resources={**company.resources, "events": []}), run=night(1))
    assert set(coverage(lake, TOMORROW).values()) == {"whole"}
    assert any("Stripe shows no event of the last 30 days" in warning for warning in staged.warnings)


def test_clock_a_day_ahead__loses_no_change_once_it_is_right_again(lake: Lake) -> None:
    company = old_account()
    land(lake, company, run=night(0))
    land(lake, company, run=night(2, "clock ahead"))
    # Between the wrong night and the right one; a cursor by this machine's clock would lie after it.
    event = event_of("evt_new", NOW + 86_400, company.resources["customers"][9])
    requests = Requests()
    land(lake, with_event(company, event), requests, run=night(2, "clock right"))
    assert "customers/cus_009" in requests.paths
