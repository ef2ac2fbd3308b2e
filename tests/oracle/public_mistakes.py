"""Worlds written by hand, one for each mistake that public MRR models are known to make.

Belongs here: a fixed world a mistake, named after it. Does not: what is right
(tests/unit/oracle/test_public_mistakes.py).
"""

from __future__ import annotations

from tests.oracle.cases import company, epoch, world_of
from tests.oracle.catalogue import PRICE, Document
from tests.oracle.inputs import Inputs
from tests.oracle.sandbox import Sandbox

RUN = "2026-05-14T03:00:00+02:00"


def _customer_of(sandbox: Sandbox, since: str, account_id: str = "acc_1") -> Document:
    sandbox.run_until(epoch(since))
    return sandbox.create_customer(account_id)


def reactivation_hidden_behind_expansion() -> Inputs:
    """Somebody who left comes back on a dearer plan, in the very month of leaving and again later."""
    sandbox = company()
    customer = _customer_of(sandbox, "2026-01-05T10:00:00+01:00")
    left = sandbox.subscribe(customer, [("price_a_starter", 1)], [], 0)
    sandbox.at(epoch("2026-02-10T10:00:00+01:00"), lambda: sandbox.end(left, "cancellation_requested"))
    sandbox.at(epoch("2026-04-20T10:00:00+02:00"), lambda: sandbox.subscribe(customer, [("price_b_pro", 1)], [], 0))
    return world_of(sandbox, RUN)


def discount_in_another_currency() -> Inputs:
    """A subscription in dollars with two coupons, one of an amount in euros: neither doubled nor touched by it."""
    sandbox = company()
    customer = _customer_of(sandbox, "2026-05-02T10:00:00+02:00")
    sandbox.subscribe(customer, [("price_q_usd", 1)], ["co_forever_10eur", "co_forever_usd"], 0)
    return world_of(sandbox, RUN)


def month_spine_that_starts_too_late() -> Inputs:
    """The first customer of all came and went before everyone who is left began."""
    sandbox = company()
    first = sandbox.subscribe(_customer_of(sandbox, "2026-01-31T23:59:59+01:00"), [("price_a_starter", 1)], [], 0)
    sandbox.at(epoch("2026-02-20T10:00:00+01:00"), lambda: sandbox.end(first, "cancellation_requested"))
    sandbox.subscribe(_customer_of(sandbox, "2026-04-10T10:00:00+02:00", "acc_2"), [("price_b_pro", 1)], [], 0)
    return world_of(sandbox, RUN)


def todays_price_applied_to_the_past() -> Inputs:
    """Two seats until the tenth of May, five since; the same price raised nobody's past."""
    sandbox = company()
    customer = _customer_of(sandbox, "2026-03-10T10:00:00+01:00")
    subscription = sandbox.subscribe(customer, [("price_a_starter", 2)], [], 0)

    def grow() -> None:
        (item,) = subscription["items"]["data"]
        sandbox.change_items(subscription, [{**item, "price": PRICE["price_b_pro"], "quantity": 5}])

    sandbox.at(epoch("2026-05-10T10:00:00+02:00"), grow)
    return world_of(sandbox, RUN)


def future_months() -> Inputs:
    """A year paid in advance, and a second one that ends long after the run: no month lies after today."""
    sandbox = company()
    customer = _customer_of(sandbox, "2026-04-10T10:00:00+02:00")
    sandbox.subscribe(customer, [("price_l_year", 1)], [], 0)
    return world_of(sandbox, RUN)


def null_instead_of_0_after_churn() -> Inputs:
    """The only customer leaves: from then on MRR is 0, on every day and in every month."""
    sandbox = company()
    customer = _customer_of(sandbox, "2026-02-10T10:00:00+01:00")
    left = sandbox.subscribe(customer, [("price_a_starter", 1)], [], 0)
    sandbox.at(epoch("2026-03-20T10:00:00+01:00"), lambda: sandbox.end(left, "cancellation_requested"))
    return world_of(sandbox, RUN)


def trial_counted_as_mrr() -> Inputs:
    """Fourteen days of trial, then a plan: MRR begins when the trial is over, and one still on trial has none."""
    sandbox = company()
    customer = _customer_of(sandbox, "2026-04-20T10:00:00+02:00")
    sandbox.subscribe(customer, [("price_a_starter", 1)], [], 14)
    sandbox.subscribe(_customer_of(sandbox, "2026-05-10T10:00:00+02:00", "acc_2"), [("price_b_pro", 1)], [], 14)
    return world_of(sandbox, RUN)


def tax_in_mrr() -> Inputs:
    """119.00 with 19 % inside is 100.00 of MRR; 99.00 with 19 % on top is 99.00."""
    sandbox = company()
    sandbox.subscribe(_customer_of(sandbox, "2026-05-02T10:00:00+02:00"), [("price_d_incl", 1)], [], 0)
    sandbox.subscribe(sandbox.create_customer("acc_2"), [("price_a_starter", 1)], [], 0)
    return world_of(sandbox, RUN)


MISTAKES = (
    reactivation_hidden_behind_expansion,
    discount_in_another_currency,
    month_spine_that_starts_too_late,
    todays_price_applied_to_the_past,
    future_months,
    null_instead_of_0_after_churn,
    trial_counted_as_mrr,
    tax_in_mrr,
)
