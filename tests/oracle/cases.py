"""Worlds written by hand: the shrunk ones on which oracle and warehouse once disagreed, and a rule's own edge.

Belongs here: fixed worlds, each with the rule it is about. Does not: what they come to (tests/unit/oracle says that).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from tests.oracle.inputs import AppSnapshot, Inputs, Rate, Row
from tests.oracle.money_back import refund
from tests.oracle.sandbox import Sandbox
from tests.oracle.seeds import project_seeds

RATES = (
    Rate(date(2025, 1, 1), "USD", Decimal("1.25")),
    Rate(date(2025, 1, 1), "KWD", Decimal("0.3333")),
    Rate(date(2025, 1, 1), "JPY", Decimal("160")),
)


def epoch(text: str) -> int:
    """Seconds of an ISO instant with offset."""
    return int(datetime.fromisoformat(text).timestamp())


def world_of(sandbox: Sandbox, run_at: str, costs: Sequence[Row] = ()) -> Inputs:
    """The sandbox read once, at the run."""
    sandbox.at(epoch(run_at), sandbox.read)
    sandbox.run_until(epoch(run_at))
    moment = datetime.fromisoformat(run_at).astimezone(UTC)
    return Inputs(
        run_at=moment,
        app=[AppSnapshot(night.read_at, (), ()) for night in sandbox.nights],
        app_events=(),
        nights=sandbox.nights,
        google_ads=(),
        costs=costs,
        rates=RATES,
        seeds=project_seeds(),
        api_version="pinned",
    )


def company() -> Sandbox:
    """A Stripe account that taxes 19 %."""
    return Sandbox(tax_percent=19, unspecified_inclusive=False, names_items=True)


def plan_larger_from_midnight() -> Inputs:
    """A larger subscription begins at the very midnight that ends September: September keeps the old plan."""
    sandbox = company()
    sandbox.run_until(epoch("2025-09-03T10:00:00+02:00"))
    customer = sandbox.create_customer("acc_1")
    sandbox.subscribe(customer, [("price_o_quarter", 1)], [], 0)
    sandbox.at(
        epoch("2025-10-01T00:00:00+02:00"), lambda: sandbox.subscribe(customer, [("price_a_starter", 11)], [], 0)
    )
    return world_of(sandbox, "2025-11-01T03:00:00+01:00")


def plan_lost_at_midnight() -> Inputs:
    """The larger of two subscriptions ends exactly at midnight: the contraction carries the plan that is left."""
    sandbox = company()
    sandbox.run_until(epoch("2026-04-05T10:00:00+02:00"))
    customer = sandbox.create_customer("acc_1")
    larger = sandbox.subscribe(customer, [("price_n_week", 1)], [], 0)
    sandbox.subscribe(customer, [("price_c_seat", 17)], [], 0)
    sandbox.at(epoch("2026-05-01T00:00:00+02:00"), lambda: sandbox.end(larger, None))
    return world_of(sandbox, "2026-05-14T03:00:00+02:00")


def spend_without_a_new_customer() -> Inputs:
    """A month with spend and a lifetime value, and nobody new: what a customer cost is unknown, not free."""
    sandbox = company()
    sandbox.run_until(epoch("2026-01-05T10:00:00+01:00"))
    staying, leaving = (sandbox.create_customer(f"acc_{number}") for number in (1, 2))
    sandbox.subscribe(staying, [("price_a_starter", 1)], [], 0)
    left = sandbox.subscribe(leaving, [("price_b_pro", 1)], [], 0)
    sandbox.at(epoch("2026-02-10T12:00:00+01:00"), lambda: sandbox.end(left, "cancellation_requested"))
    spent = {
        "cost_date": date(2026, 3, 2),
        "date_to": None,
        "channel": "content_marketing",
        "vendor": "Acme",
        "amount": "26.17",
        "currency": "EUR",
        "source_file": "costs_1.csv",
        "row_number": 1,
    }
    return world_of(sandbox, "2026-04-01T03:00:00+02:00", [spent])


def once_coupon_before_another() -> Inputs:
    """A `once` coupon that Stripe lists no more since it was used still stands where the invoice had it: first."""
    sandbox = company()
    sandbox.run_until(epoch("2026-05-01T12:00:00+02:00"))
    customer = sandbox.create_customer("acc_1")
    sandbox.subscribe(customer, [("price_a_starter", 1)], ["co_once_15", "co_1_month_eur"], 0)
    return world_of(sandbox, "2026-05-14T03:00:00+02:00")


def spend_of_nothing_beside_one_without_a_rate() -> Inputs:
    """On one day a bill over 0.00 and one in a currency without a rate: what is unknown is no nothing, and stays."""
    bill = {
        "cost_date": date(2026, 3, 2),
        "date_to": None,
        "channel": "content_marketing",
        "vendor": "Acme",
        "amount": "0.00",
        "currency": "EUR",
        "source_file": "costs_1.csv",
        "row_number": 1,
    }
    unrated = bill | {"amount": "10.00", "currency": "SEK", "row_number": 2}
    return world_of(company(), "2026-04-01T03:00:00+02:00", [bill, unrated])


def customers_coupon_known_by_its_removal_alone() -> Inputs:
    """A customer's own coupon, gone before the first read and begun before Stripe's events reach back."""
    sandbox = company()
    sandbox.run_until(epoch("2026-01-05T10:00:00+01:00"))
    customer = sandbox.create_customer("acc_1")
    sandbox.discount_customer(customer, "co_forever_20")
    sandbox.subscribe(customer, [("price_a_starter", 1)], [], 0)
    sandbox.at(epoch("2026-04-20T10:00:00+02:00"), lambda: sandbox.discount_customer(customer, None))
    return world_of(sandbox, "2026-05-01T03:00:00+02:00")


def changed_and_back_between_reads() -> Inputs:
    """One seat, two, one again, each read when Stripe's events tell no more of the change."""
    sandbox = company()
    sandbox.run_until(epoch("2025-12-20T10:00:00+01:00"))
    subscription = sandbox.subscribe(sandbox.create_customer("acc_1"), [("price_l_year", 1)], [], 0)
    (item,) = subscription["items"]["data"]
    for day, quantity in (("2026-01-06", 2), ("2026-02-15", 1)):
        held = [{**item, "quantity": quantity}]
        sandbox.at(epoch(f"{day}T10:00:00+01:00"), partial(sandbox.change_items, subscription, held))
    for day in ("2026-01-01", "2026-02-10"):
        sandbox.at(epoch(f"{day}T03:00:00+01:00"), sandbox.read)
    return world_of(sandbox, "2026-03-22T03:00:00+01:00")


def unpaid_after_a_failed_renewal() -> Inputs:
    """A renewal fails, and two weeks later Stripe gives up and leaves the subscription unpaid."""
    sandbox = company()
    sandbox.run_until(epoch("2026-03-05T10:00:00+01:00"))
    subscription = sandbox.subscribe(sandbox.create_customer("acc_1"), [("price_a_starter", 1)], [], 0)
    sandbox.invoices.failing.add(subscription["id"])
    sandbox.at(epoch("2026-04-20T10:00:00+02:00"), lambda: sandbox.change(subscription, status="unpaid"))
    return world_of(sandbox, "2026-05-01T03:00:00+02:00")


def subscription_in_a_currency_without_a_rate() -> Inputs:
    """999 crowns a month, and nobody knows what a crown is worth."""
    sandbox = company()
    sandbox.run_until(epoch("2026-04-02T10:00:00+02:00"))
    sandbox.subscribe(sandbox.create_customer("acc_1"), [("price_u_sek", 1)], [], 0)
    return world_of(sandbox, "2026-05-01T03:00:00+02:00")


def refund_of_a_subscriber() -> Inputs:
    """Half of a month's fee goes back in the month after, and the customer stays."""
    sandbox = company()
    sandbox.run_until(epoch("2026-03-02T10:00:00+01:00"))
    subscription = sandbox.subscribe(sandbox.create_customer("acc_1"), [("price_a_starter", 1)], [], 0)
    (invoice,) = sandbox.invoices.of(subscription)
    sandbox.at(epoch("2026-04-10T10:00:00+02:00"), lambda: refund(sandbox, invoice, 5_890, "succeeded"))
    return world_of(sandbox, "2026-05-01T03:00:00+02:00")


def started_and_churned_within_a_month() -> Inputs:
    """Somebody comes and goes between two month-ends, beside one who stays."""
    sandbox = company()
    sandbox.run_until(epoch("2026-04-02T10:00:00+02:00"))
    staying, leaving = (sandbox.create_customer(f"acc_{number}") for number in (1, 2))
    sandbox.subscribe(staying, [("price_a_starter", 1)], [], 0)
    left = sandbox.subscribe(leaving, [("price_b_pro", 1)], [], 0)
    sandbox.at(epoch("2026-04-20T10:00:00+02:00"), lambda: sandbox.end(left, "cancellation_requested"))
    return world_of(sandbox, "2026-05-01T03:00:00+02:00")


def known_to_stripe_alone() -> Inputs:
    """A customer that names no account of the app, and is deleted before the last read."""
    sandbox = company()
    sandbox.run_until(epoch("2026-04-02T10:00:00+02:00"))
    customer = sandbox.create_customer(None)
    sandbox.subscribe(customer, [("price_a_starter", 1)], [], 0)
    sandbox.at(epoch("2026-04-20T10:00:00+02:00"), lambda: sandbox.delete_customer(customer))
    return world_of(sandbox, "2026-05-01T03:00:00+02:00")


CASES = (
    plan_larger_from_midnight,
    plan_lost_at_midnight,
    spend_without_a_new_customer,
    once_coupon_before_another,
    spend_of_nothing_beside_one_without_a_rate,
    customers_coupon_known_by_its_removal_alone,
    changed_and_back_between_reads,
    unpaid_after_a_failed_renewal,
    subscription_in_a_currency_without_a_rate,
    refund_of_a_subscriber,
    started_and_churned_within_a_month,
    known_to_stripe_alone,
)
