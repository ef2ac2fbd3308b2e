"""What Stripe's books hold: sums that must match, shapes of the current API, and the ledger's MRR read from objects."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from inspect import get_annotations
from itertools import pairwise
from typing import Any

import pytest
import stripe

from ingestion.simulator.clock import instant_of
from ingestion.simulator.emit_stripe import StripeState, stripe_state
from ingestion.simulator.world import World

TYPES: dict[str, Any] = {
    "customers": stripe.Customer,
    "products": stripe.Product,
    "prices": stripe.Price,
    "coupons": stripe.Coupon,
    "subscriptions": stripe.Subscription,
    "invoices": stripe.Invoice,
    "invoice_payments": stripe.InvoicePayment,
    "charges": stripe.Charge,
    "refunds": stripe.Refund,
    "credit_notes": stripe.CreditNote,
    "events": stripe.Event,
}


@pytest.fixture(scope="module")
def state(world: World) -> StripeState:
    return stripe_state(world)


def known_keys(of: Any) -> set[str]:
    return {key for part in of.__mro__ for key in get_annotations(part)}


@pytest.mark.parametrize("resource", sorted(TYPES))
def test_objects__have_only_keys_the_client_knows(state: StripeState, resource: str) -> None:
    keys = {key for payload in state.resources[resource] for key in payload}
    assert keys - known_keys(TYPES[resource]) == set()


def test_nested_objects__have_only_keys_the_client_knows(state: StripeState) -> None:
    line, item = stripe.InvoiceLineItem, stripe.SubscriptionItem
    for invoice in state.resources["invoices"]:
        assert invoice["status_transitions"].keys() <= known_keys(stripe.Invoice.StatusTransitions)
        for payload in invoice["lines"]["data"]:
            assert payload.keys() <= known_keys(line)
            parent = payload["parent"]
            assert parent.keys() <= known_keys(line.Parent)
            for kind, of in (
                ("subscription_item_details", line.Parent.SubscriptionItemDetails),
                ("invoice_item_details", line.Parent.InvoiceItemDetails),
            ):
                assert (parent[kind] or {}).keys() <= known_keys(of)
            for tax in payload["taxes"]:
                assert tax.keys() <= known_keys(line.Tax)
    for subscription in state.resources["subscriptions"]:
        for payload in subscription["items"]["data"]:
            assert payload.keys() <= known_keys(item)
    for discount in state.discounts.values():
        assert discount.keys() <= known_keys(stripe.Discount)
    for note in state.resources["credit_notes"]:
        for payload in note["lines"]["data"]:
            assert payload.keys() <= known_keys(stripe.CreditNoteLineItem)


def net_of(line: dict[str, Any]) -> int:
    cuts = sum(cut["amount"] for cut in line["discount_amounts"])
    contained = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "inclusive")
    return int(line["amount"] - cuts - contained)


def test_invoice_lines__sum_to_the_total_without_tax(state: StripeState) -> None:
    for invoice in state.resources["invoices"]:
        assert sum(map(net_of, invoice["lines"]["data"])) == invoice["total_excluding_tax"], invoice["id"]
        taxes = sum(tax["amount"] for tax in invoice["total_taxes"])
        assert invoice["total"] == invoice["total_excluding_tax"] + taxes
        if invoice["status"] == "paid":
            assert invoice["amount_paid"] == max(0, invoice["total"] + invoice["starting_balance"])


def test_ledger_revenue__equals_invoices_that_were_finalised_line_by_line(world: World, state: StripeState) -> None:
    told = {entry.invoice_id: entry for entry in world.ledger.invoices}
    for invoice in state.resources["invoices"]:
        if invoice["status"] == "draft" or not invoice["livemode"]:
            continue
        minor_units = 1 if invoice["currency"] == "jpy" else 100
        if invoice["status_transitions"]["finalized_at"] is not None:
            entry = told[invoice["id"]]
            assert sum(entry.net_by_type.values()) == Decimal(invoice["total_excluding_tax"]) / minor_units
            assert {line.line_id: line.net for line in entry.lines} == {
                line["id"]: Decimal(net_of(line)) / minor_units for line in invoice["lines"]["data"]
            }


def test_renewals__follow_each_other_without_gap_or_overlap(state: StripeState) -> None:
    periods: dict[str, list[tuple[int, int]]] = defaultdict(list)
    changed = set()
    for invoice in state.resources["invoices"]:
        subscription = (invoice["parent"] or {}).get("subscription_details", {}).get("subscription")
        if invoice["billing_reason"] == "subscription_cycle":
            periods[subscription].append((invoice["period_start"], invoice["period_end"]))
        elif invoice["billing_reason"] == "subscription_update":
            changed.add(subscription)  # a new interval starts a new period in the middle of one
    assert max(map(len, periods.values())) > 15
    for subscription in periods.keys() - changed:
        assert all(end == start for (_, end), (start, _) in pairwise(sorted(periods[subscription])))


def read_mrr(state: StripeState, instant: int) -> dict[tuple[str, str], Decimal]:
    """MRR by customer and currency as a careful reader of Stripe's objects would reckon it, percent coupons only."""
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    coupons = {coupon["id"]: coupon for coupon in state.resources["coupons"]}
    for subscription in state.resources["subscriptions"]:
        if subscription["status"] not in {"active", "past_due"} or subscription["pause_collection"]:
            continue
        given = [coupons[state.discounts[name]["source"]["coupon"]] for name in subscription["discounts"]]
        for item in subscription["items"]["data"]:
            price = item["price"]
            is_plain = price["unit_amount_decimal"] and price["tax_behavior"] == "exclusive"
            if not is_plain or price["recurring"]["usage_type"] == "metered" or price["id"] == "price_retainer_eur":
                continue
            packs = (price["transform_quantity"] or {"divide_by": 1})["divide_by"]
            amount = Fraction(price["unit_amount_decimal"]) * -(-item["quantity"] // packs)
            months = {"month": Fraction(1), "year": Fraction(12), "week": Fraction(12, 52), "day": Fraction(12, 365)}
            amount /= months[price["recurring"]["interval"]] * price["recurring"]["interval_count"]
            for coupon in given:
                if coupon["duration"] == "forever" and coupon["percent_off"]:
                    amount *= 1 - Fraction(str(coupon["percent_off"])) / 100
            value = Decimal(amount.numerator) / amount.denominator / (1 if price["currency"] == "jpy" else 100)
            totals[subscription["customer"], price["currency"].upper()] += value
    return totals


def test_ledger__equals_what_a_reader_of_the_objects_reckons_each_month(world: World) -> None:
    compared = 0
    for month in range(1, 12):
        instant = int(world.end.timestamp()) - month * 31 * 86_400
        state = stripe_state(world, instant_of(instant))
        unusual = {
            subscription["customer"]
            for subscription in state.resources["subscriptions"]
            if any(not i["price"]["unit_amount_decimal"] for i in subscription["items"]["data"])
            or any(i["discounts"] or i["price"]["tax_behavior"] != "exclusive" for i in subscription["items"]["data"])
            or any("OFF" in state.discounts[name]["source"]["coupon"] for name in subscription["discounts"])
            or any("PLAN" in state.discounts[name]["source"]["coupon"] for name in subscription["discounts"])
        }
        accounts = {
            customer["id"]: customer["metadata"].get("account_id")
            for customer in state.resources["customers"]
            if customer["livemode"] and not customer["discount"]
        }
        by_account: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for (customer, currency), value in read_mrr(state, instant).items():
            if accounts.get(customer) is not None and customer not in unusual:
                by_account[accounts[customer], currency] += value
        for (account, currency), value in by_account.items():
            truth = world.ledger.mrr_at(account, currency, instant_of(instant - 1))
            assert abs(value - truth) < Decimal("0.001"), (account, currency, month)
            compared += 1
    assert compared > 500
