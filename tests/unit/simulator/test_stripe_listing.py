"""Stripe's manners without a socket: paging, filters, expansion, refusals."""

from collections import Counter
from dataclasses import replace

import pytest

from ingestion.simulator.emit_stripe import StripeState, stripe_state
from ingestion.simulator.stripe_listing import Librarian, StripeRefusalError
from ingestion.simulator.world import World


@pytest.fixture(scope="module")
def state(world: World) -> StripeState:
    return stripe_state(world)


@pytest.fixture(scope="module")
def librarian(state: StripeState) -> Librarian:
    return Librarian(state)


def test_lists__come_newest_first_ten_at_a_time(librarian: Librarian) -> None:
    page = librarian.answer("customers", [])
    created = [customer["created"] for customer in page["data"]]
    assert len(created) == 10
    assert page["has_more"] is True
    assert created == sorted(created, reverse=True)


def test_paging__meets_every_object_once_forwards_and_backwards(librarian: Librarian, state: StripeState) -> None:
    names: list[str] = []
    page = librarian.answer("charges", [("limit", "100")])
    while True:
        names += [charge["id"] for charge in page["data"]]
        if not page["has_more"]:
            break
        page = librarian.answer("charges", [("limit", "100"), ("starting_after", names[-1])])
    assert names == [charge["id"] for charge in state.resources["charges"]]
    back = librarian.answer("charges", [("limit", "7"), ("ending_before", names[20])])
    assert [charge["id"] for charge in back["data"]] == names[13:20]
    assert back["has_more"] is True


def test_subscriptions__hide_canceled_ones_unless_asked(librarian: Librarian, state: StripeState) -> None:
    shown = {s["status"] for s in librarian.answer("subscriptions", [("limit", "100")])["data"]}
    assert shown.isdisjoint({"canceled", "incomplete_expired"})
    canceled = librarian.answer("subscriptions", [("status", "canceled"), ("limit", "3")])["data"]
    assert [subscription["status"] for subscription in canceled] == ["canceled"] * 3
    everything = librarian.answer("subscriptions", [("status", "all"), ("limit", "100")])["data"]
    assert everything == [s | {"items": s["items"]} for s in everything]
    assert [s["id"] for s in everything] == [s["id"] for s in state.resources["subscriptions"][:100]]


def test_created_filters__cut_where_they_say(librarian: Librarian, state: StripeState) -> None:
    moment = state.resources["invoices"][50]["created"]
    for operator, holds in (("gte", int.__ge__), ("gt", int.__gt__), ("lte", int.__le__), ("lt", int.__lt__)):
        page = librarian.answer("invoices", [(f"created[{operator}]", str(moment)), ("limit", "100")])
        assert page["data"]
        assert all(holds(invoice["created"], moment) for invoice in page["data"])


def test_discounts__are_ids_until_expanded(librarian: Librarian) -> None:
    query = [("status", "all"), ("limit", "100")]
    plain = librarian.answer("subscriptions", query)["data"]
    full = librarian.answer("subscriptions", [*query, ("expand[]", "data.discounts")])["data"]
    deep = librarian.answer("subscriptions", [*query, ("expand[]", "data.discounts.source.coupon")])["data"]
    position = next(i for i, subscription in enumerate(plain) if subscription["discounts"])
    assert isinstance(plain[position]["discounts"][0], str)
    assert full[position]["discounts"][0]["id"] == plain[position]["discounts"][0]
    assert isinstance(full[position]["discounts"][0]["source"]["coupon"], str)
    assert deep[position]["discounts"][0]["source"]["coupon"]["object"] == "coupon"


def test_tiers_and_limits__are_shown_on_request_only(librarian: Librarian) -> None:
    path = "prices/price_seats_eur"
    assert "tiers" not in librarian.answer(path, [])
    tiers = librarian.answer(path, [("expand[]", "tiers")])["tiers"]
    assert [tier["up_to"] for tier in tiers] == [10, 25, None]
    assert "applies_to" not in librarian.answer("coupons/PLANONLY25", [])
    limited = librarian.answer("coupons", [("expand[]", "data.applies_to")])["data"]
    assert {c["id"] for c in limited if "applies_to" in c} == {"PLANONLY25"}


def test_embedded_lists__are_cut_and_go_on_at_their_address(librarian: Librarian, state: StripeState) -> None:
    long = next(invoice for invoice in state.resources["invoices"] if len(invoice["lines"]["data"]) > 12)
    embedded = librarian.answer(f"invoices/{long['id']}", [])["lines"]
    assert len(embedded["data"]) == 10
    assert embedded["has_more"] is True
    rest = librarian.answer(
        f"invoices/{long['id']}/lines", [("starting_after", embedded["data"][-1]["id"]), ("limit", "100")]
    )
    names = [line["id"] for line in embedded["data"] + rest["data"]]
    assert names == [line["id"] for line in long["lines"]["data"]]


def test_subscription_items__need_their_subscription(librarian: Librarian, state: StripeState) -> None:
    many = next(s for s in state.resources["subscriptions"] if len(s["items"]["data"]) > 10)
    page = librarian.answer("subscription_items", [("subscription", many["id"]), ("limit", "100")])
    assert len(page["data"]) == 12
    with pytest.raises(StripeRefusalError, match="Missing required param: subscription"):
        librarian.answer("subscription_items", [])


def test_single_objects__are_those_of_their_list_with_the_same_expansions(
    librarian: Librarian, state: StripeState
) -> None:
    name = next(s["id"] for s in state.resources["subscriptions"] if s["discounts"])
    alone = librarian.answer(f"subscriptions/{name}", [("expand[]", "discounts"), ("expand[]", "items.data.discounts")])
    query = [
        ("status", "all"),
        ("limit", "100"),
        ("expand[]", "data.discounts"),
        ("expand[]", "data.items.data.discounts"),
    ]
    page = librarian.answer("subscriptions", query)["data"]
    while name not in {listed["id"] for listed in page}:
        page = librarian.answer("subscriptions", [*query, ("starting_after", page[-1]["id"])])["data"]
    assert alone == next(listed for listed in page if listed["id"] == name)


def test_deleted_objects__are_in_no_list_and_only_a_customer_is_still_found(state: StripeState) -> None:
    resources = {
        name: [objects[0] | {"deleted": True}, *objects[1:]] for name, objects in state.resources.items() if objects
    }
    librarian = Librarian(replace(state, resources=resources))
    for resource in ("customers", "products", "coupons"):
        gone = resources[resource][0]["id"]
        assert gone not in {listed["id"] for listed in librarian.answer(resource, [("limit", "100")])["data"]}
    customer = resources["customers"][0]["id"]
    assert librarian.answer(f"customers/{customer}", []) == {"id": customer, "object": "customer", "deleted": True}
    with pytest.raises(StripeRefusalError, match="No such coupon") as refused:
        librarian.answer(f"coupons/{resources['coupons'][0]['id']}", [])
    assert (refused.value.status, refused.value.body["error"]["code"]) == (404, "resource_missing")


def test_names__that_need_encoding_in_an_address_are_found(state: StripeState) -> None:
    coupon = state.resources["coupons"][0] | {"id": "50 % / zwölf"}
    librarian = Librarian(replace(state, resources={"coupons": [coupon]}))
    assert librarian.answer("coupons/50%20%25%20%2F%20zw%C3%B6lf", [])["id"] == "50 % / zwölf"


@pytest.mark.parametrize(
    ("path", "query", "status", "message"),
    [
        ("customers", [("limit", "101")], 400, "Invalid limit"),
        ("customers", [("limit", "0")], 400, "Invalid limit"),
        ("customers", [("colour", "red")], 400, "unknown parameter: colour"),
        ("customers", [("created[after]", "1")], 400, "unknown parameter"),
        ("customers", [("created[gte]", "soon")], 400, "Invalid integer"),
        ("customers", [("starting_after", "cus_none")], 400, "No such customer"),
        ("subscriptions", [("status", "alive")], 400, "Invalid status"),
        ("invoices", [("expand[]", "data.colour")], 400, "cannot be expanded"),
        ("subscriptions", [("expand[]", "data.items.data.price.tiers")], 400, "more than 4 levels"),
        ("customers/cus_none", [], 404, "No such customer"),
        ("wallets", [], 404, "Unrecognized request URL"),
    ],
)
def test_refusals__have_stripes_status_and_words(
    librarian: Librarian, path: str, query: list[tuple[str, str]], status: int, message: str
) -> None:
    with pytest.raises(StripeRefusalError, match=message) as refused:
        librarian.answer(path, query)
    assert refused.value.status == status
    assert refused.value.body["error"]["type"] == "invalid_request_error"


def test_events__reach_back_thirty_days_and_say_what_changed(state: StripeState, world: World) -> None:
    events = state.resources["events"]
    bound = int(world.end.timestamp())
    assert all(bound - 30 * 86_400 <= event["created"] < bound for event in events)
    renewed = [
        event
        for event in events
        if event["type"] == "customer.subscription.updated" and "items" in event["data"]["previous_attributes"]
    ]
    assert renewed
    for event in renewed:
        before, after = event["data"]["previous_attributes"]["items"]["data"], event["data"]["object"]["items"]["data"]
        assert before != after
    assert all("previous_attributes" not in event["data"] for event in events if event["type"].endswith(".created"))


def test_events__have_ids_of_their_own_even_where_a_subscription_changes_twice_in_a_second(world: World) -> None:
    events = list(world.books.events_between(0, int(world.end.timestamp()), "a version"))
    changes = Counter((event["data"]["object"]["id"], event["created"], event["type"]) for event in events)
    assert max(changes.values()) > 1
    assert len({event["id"] for event in events}) == len(events)
