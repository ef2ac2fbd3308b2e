"""The sandbox Stripe over real HTTP, asked by the official client."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import urlsplit

import pytest
import stripe

from ingestion.simulator.emit_stripe import StripeState, stripe_state
from ingestion.simulator.stripe_server import Fault, RequestInfo, SandboxStripe
from ingestion.simulator.world import build_world

KEY = "rk_live_test"


@pytest.fixture(scope="module")
def state() -> StripeState:
    return stripe_state(build_world(datetime(2026, 11, 22, 12, tzinfo=UTC), months=3))


@pytest.fixture
def sandbox(state: StripeState) -> Iterator[SandboxStripe]:
    with SandboxStripe(state, KEY) as server:
        yield server


def client_of(sandbox: SandboxStripe, key: str = KEY) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": sandbox.base_url}, max_network_retries=0)


def get(sandbox: SandboxStripe, path: str, key: str | None = KEY) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(str(urlsplit(sandbox.base_url).netloc), timeout=5)
    try:
        connection.request("GET", path, headers={} if key is None else {"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_official_client__pages_through_everything(sandbox: SandboxStripe, state: StripeState) -> None:
    client = client_of(sandbox)
    listed = client.v1.subscriptions.list({"status": "all", "limit": 100, "expand": ["data.discounts"]})
    assert sum(1 for _ in listed.auto_paging_iter()) == len(state.resources["subscriptions"])
    names = [customer.id for customer in client.v1.customers.list({"limit": 50}).auto_paging_iter()]
    assert names == [customer["id"] for customer in state.resources["customers"]]


def test_headers__name_the_request_and_the_version(sandbox: SandboxStripe) -> None:
    status, headers, _ = get(sandbox, "/v1/products")
    assert status == 200
    assert headers["Request-Id"].startswith("req_")
    assert headers["Stripe-Version"] == stripe.api_version


@pytest.mark.parametrize("key", [None, "rk_live_wrong"])
def test_wrong_or_missing_key__is_refused_with_401(sandbox: SandboxStripe, key: str | None) -> None:
    status, _, body = get(sandbox, "/v1/customers", key)
    assert status == 401
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    with pytest.raises(stripe.AuthenticationError):
        client_of(sandbox, "rk_live_wrong").v1.customers.list()


def test_faults__answer_429_500_cut_bodies_and_repeated_pages(state: StripeState) -> None:
    script = {
        1: Fault(status=429, retry_after=2),
        2: Fault(status=500),
        3: Fault(cut_body_at=20),
        5: Fault(repeat_page=True),
    }

    def faults(request: RequestInfo) -> Fault | None:
        return script.get(request.number)

    with SandboxStripe(state, KEY, faults=faults) as sandbox:
        status, headers, _ = get(sandbox, "/v1/prices")
        assert (status, headers["Retry-After"]) == (429, "2")
        assert get(sandbox, "/v1/prices")[0] == 500
        with pytest.raises(IncompleteRead):
            get(sandbox, "/v1/prices")
        first = json.loads(get(sandbox, "/v1/prices")[2])
        again = json.loads(get(sandbox, f"/v1/prices?starting_after={first['data'][-1]['id']}")[2])
        assert again["data"] == first["data"]


def test_silence__lasts_until_the_client_gives_up_and_leaves_the_server_working(state: StripeState) -> None:
    with SandboxStripe(state, KEY, faults=lambda request: Fault(silent=request.number == 1)) as sandbox:
        connection = HTTPConnection(str(urlsplit(sandbox.base_url).netloc), timeout=0.2)
        connection.request("GET", "/v1/prices", headers={"Authorization": f"Bearer {KEY}"})
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        assert get(sandbox, "/v1/prices")[0] == 200


def test_outside_its_block__it_has_no_address(state: StripeState) -> None:
    sandbox = SandboxStripe(state, KEY)
    with pytest.raises(RuntimeError, match="use it in a `with` block"):
        _ = sandbox.base_url
