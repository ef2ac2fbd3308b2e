"""Claims about Stripe's failures, over HTTP: what heals leaves no trace, what does not stops at once and says why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.retry import PermanentSourceError, TransientSourceError
from ingestion.simulator.stripe_server import Answer, Fault, RequestInfo, SandboxStripe
from ingestion.sources.stripe.extract import StripeSource
from tests.integration.ingestion.stripe_account import (
    API_KEY,
    CUSTOMERS,
    ITEMS,
    NOW,
    account,
    event_of,
    land,
    no_wait,
    payloads,
)
from tests.unit.ingestion.lake_cases import INSTANT, landed_rows, make_run

HEALING = (
    Fault(status=429, retry_after=0),
    Fault(status=500),
    Fault(status=503),
    Fault(cut_body_at=100),
    Fault(cut_body_at=0),
    Fault(repeat_page=True),
    Fault(silent=True),
)


@pytest.mark.parametrize("fault", HEALING, ids=str)
def test_faults__every_third_request_changes_nothing_that_lands(lake: Lake, fault: Fault) -> None:
    hit: list[int] = []

    def every_third(request: RequestInfo) -> Fault | None:
        if request.number % 3 == 0:
            hit.append(request.number)
            return fault
        return None

    land(lake, account(), every_third, timeout=0.5)
    assert hit
    assert Counter(row["id"] for row in landed_rows(lake, "stripe", "customers")) == Counter(
        f"cus_{n:03}" for n in range(CUSTOMERS)
    )
    assert len(payloads(lake, "subscriptions")[0]["items"]["data"]) == ITEMS


@pytest.mark.parametrize("fault", HEALING, ids=str)
def test_faults__in_a_night_of_changes_lose_none_of_them(lake: Lake, fault: Fault) -> None:
    company = account()
    land(lake, company)
    # Created before anything that is asked for as new, so that each is read by its id.
    changed = [{**customer, "created": 1, "livemode": False} for customer in company.resources["customers"][:9]]
    events = [event_of(f"evt_{n}", NOW + 3_600, customer) for n, customer in enumerate(changed)]
    resources = {"customers": [*company.resources["customers"][9:], *changed], "events": events}
    later = make_run("run-2", INSTANT + timedelta(days=1), INSTANT + timedelta(days=1))
    hit: list[str] = []

    def every_third(request: RequestInfo) -> Fault | None:
        if request.number % 3 == 0:
            hit.append(request.path)
            return fault
        return None

    land(lake, replace(company, resources={**company.resources, **resources}), every_third, later, timeout=0.5)
    assert [path for path in hit if path.startswith("/v1/customers/")]
    found = {row["id"] for row in landed_rows(lake, "stripe", "customers") if row["livemode"] is False}
    assert found == {customer["id"] for customer in changed}
    assert {m.coverage for m in read_manifests(lake, "stripe", "customers")} == {"whole", "changes"}


def test_outage__is_tried_a_bounded_number_of_times_and_lands_nothing(lake: Lake) -> None:
    requests: list[int] = []

    def always(request: RequestInfo) -> Fault:
        requests.append(request.number)
        return Fault(status=429, retry_after=0)

    with pytest.raises(TransientSourceError, match="429") as failure:
        land(lake, account(), always)
    assert len(requests) == 5
    assert failure.value.retry_after == 0
    assert read_manifests(lake) == []


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "STRIPE_API_KEY"), (403, "read access to events"), (400, "the API has changed"), (404, "refused")],
)
def test_refusals__stop_at_once_naming_the_key_but_not_its_value(lake: Lake, status: int, told: str) -> None:
    requests: list[int] = []

    def refuse(request: RequestInfo) -> Fault:
        requests.append(request.number)
        return Fault(status=status)

    with pytest.raises(PermanentSourceError, match=told) as failure:
        land(lake, account(), refuse)
    assert len(requests) == 1
    assert "STRIPE_API_KEY" in str(failure.value)
    assert API_KEY not in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("resource", ["invoice_payments", "credit_notes"])
def test_forbidden_list__names_the_permission_that_is_missing(lake: Lake, resource: str) -> None:
    def refuse(request: RequestInfo) -> Fault | None:
        return Fault(status=403) if request.path == f"/v1/{resource}" else None

    with pytest.raises(PermanentSourceError, match=f"STRIPE_API_KEY read access to {resource}"):
        land(lake, account(), refuse)
    assert read_manifests(lake) == []


def test_server_that_never_answers__is_given_up_after_a_bounded_time(lake: Lake) -> None:
    requests: list[int] = []

    def never(request: RequestInfo) -> Fault:
        requests.append(request.number)
        return Fault(silent=True)

    with pytest.raises(TransientSourceError, match="is Stripe reachable"):
        land(lake, account(), never, timeout=0.2)
    assert len(requests) == 5


def test_host_that_does_not_resolve__is_a_wrong_setting_and_fails_at_once(lake: Lake) -> None:
    waits: list[float] = []
    source = StripeSource(API_KEY, "http://stripe.invalid", sleep=waits.append)
    with pytest.raises(PermanentSourceError, match=r"there is no host stripe\.invalid; correct STRIPE_API_BASE"):
        list(source.stage(lake, make_run()))
    assert waits == []


def test_page_whose_last_objects_are_deleted_meanwhile__is_followed_from_further_back(lake: Lake) -> None:
    company = account()
    customers = company.resources["customers"]

    def delete_at_the_second_page(request: RequestInfo) -> None:
        if request.path == "/v1/customers" and ("starting_after", "cus_099") in request.parameters:
            customers[:] = [customer for customer in customers if customer["id"] not in {"cus_099", "cus_098"}]

    land(lake, company, delete_at_the_second_page)
    assert {row["id"] for row in landed_rows(lake, "stripe", "customers")} == {f"cus_{n:03}" for n in range(CUSTOMERS)}


def test_wrong_key__is_refused_by_name(lake: Lake) -> None:
    with SandboxStripe(account(), API_KEY) as server, pytest.raises(PermanentSourceError, match="401") as failure:
        list(StripeSource("rk_test_wrong", server.base_url).stage(lake, make_run()))
    assert "rk_test_wrong" not in str(failure.value)


def test_empty_key__is_refused_before_any_request() -> None:
    with pytest.raises(PermanentSourceError, match="STRIPE_API_KEY is empty"):
        StripeSource(" ")


def test_no_server__is_told_without_a_trace_of_the_key(lake: Lake) -> None:
    with pytest.raises(TransientSourceError, match="STRIPE_API_BASE") as failure:
        list(StripeSource(API_KEY, "http://127.0.0.1:9", sleep=no_wait).stage(lake, make_run()))
    assert API_KEY not in str(failure.value)


class RepeatingStripe(SandboxStripe):
    """Refuses every request with a body that repeats what it was sent, in each of its fields."""

    def answer(self, target: str, authorization: str | None) -> Answer:
        answer = super().answer(target, authorization)
        said = "No such customer: jane@example.com"
        error = {"type": "invalid_request_error", "code": said, "message": said, "param": said}
        return Answer(400, {"error": error}, answer.headers)


def test_refusal__that_repeats_what_it_was_sent_is_told_without_it(lake: Lake) -> None:
    with RepeatingStripe(account(), API_KEY) as server, pytest.raises(PermanentSourceError, match="400") as failure:
        list(StripeSource(API_KEY, server.base_url, sleep=no_wait).stage(lake, make_run()))
    assert "jane" not in str(failure.value)
    assert "No such customer" not in str(failure.value)
