"""A small Stripe that behaves: subscriptions live through time and leave objects, events and invoices behind.

Belongs here: the state machine of subscriptions and customers' discounts. Does not: chance (worlds), what is remembered
and how time passes (sandbox_state), the life of an invoice (sandbox_invoices) or money that goes back (money_back).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial

from tests.oracle.catalogue import COUPON, PRICE, Document
from tests.oracle.sandbox_invoices import Invoices
from tests.oracle.sandbox_state import Manners, SandboxState
from tests.oracle.subscription_shapes import DAY, later, spend_once


class Sandbox(SandboxState):
    """Stripe as its customers move it. Calls change it at `now`; `run_until` lets time pass."""

    def __init__(
        self, *, tax_percent: int, unspecified_inclusive: bool, names_items: bool, manners: Manners | None = None
    ) -> None:
        super().__init__(manners or Manners())
        self.invoices = Invoices(
            self, tax_percent=tax_percent, unspecified_inclusive=unspecified_inclusive, names_items=names_items
        )
        # Customers whom somebody else bills, and those whose subscriptions began before they were created.
        self.unbilled: set[str] = set()
        self.backdated_days: dict[str, int] = {}

    # --- customers and discounts ------------------------------------------------------------------------------------
    def create_customer(self, account_id: str | None, *, livemode: bool = True) -> Document:
        metadata = {"account_id": account_id} if account_id else {}
        customer = self.new("customers", "cus", "customer", metadata=metadata, discount=None, currency=None)
        customer["livemode"] = livemode
        return customer

    def delete_customer(self, customer: Document) -> None:
        """The customer is on no list any more, its subscriptions end; what was billed stays."""
        for subscription in self.objects["subscriptions"].values():
            if subscription["customer"] == customer["id"]:
                self.end(subscription, "cancellation_requested")
        self.objects["customers"].pop(customer["id"], None)

    def new_discount(
        self, coupon_id: str, customer: Document, subscription: Document | None, item_id: str | None = None
    ) -> Document:
        """A discount says what it is on: the customer, a subscription, or an item of one."""
        coupon = COUPON[coupon_id]
        months = coupon["duration_in_months"]
        return {
            "id": self.new_id("di"),
            "object": "discount",
            "created": self.now,
            "livemode": customer["livemode"],
            "start": self.now,
            "end": later(self.now, "month", months) if months else None,
            "customer": customer["id"],
            "subscription": subscription["id"] if subscription and not item_id else None,
            "subscription_item": item_id,
            "source": {"type": "coupon", "coupon": coupon_id},
        }

    def discount_customer(self, customer: Document, coupon_id: str | None) -> None:
        """Give a customer a coupon of their own (the one before goes), or take it away."""
        if customer["discount"]:
            gone, customer["discount"] = customer["discount"], None
            self.tell("customer.discount.deleted", gone)
        if coupon_id:
            customer["discount"] = self.new_discount(coupon_id, customer, None)
            self.tell("customer.discount.created", customer["discount"])

    def discount_subscription(self, subscription: Document, coupon_ids: Sequence[str]) -> None:
        customer = self.objects["customers"][subscription["customer"]]
        given = [self.new_discount(coupon_id, customer, subscription) for coupon_id in coupon_ids]
        for discount in given:
            self.tell("customer.discount.created", discount)
        self.change(subscription, discounts=given)

    def discount_item(self, subscription: Document, position: int, coupon_ids: Sequence[str]) -> None:
        customer = self.objects["customers"][subscription["customer"]]
        items = copy.deepcopy(subscription["items"])
        item = items["data"][position % len(items["data"])]
        item["discounts"] = [
            self.new_discount(coupon_id, customer, subscription, item["id"]) for coupon_id in coupon_ids
        ]
        self.change(subscription, items=items)

    # --- subscriptions ----------------------------------------------------------------------------------------------
    def new_item(self, price_id: str, quantity: int) -> Document:
        return {
            "id": self.new_id("si"),
            "object": "subscription_item",
            "created": self.now,
            "quantity": quantity,
            "current_period_start": self.now,
            "current_period_end": self.now,
            "price": PRICE[price_id],
            "discounts": [],
        }

    def subscribe(
        self,
        customer: Document,
        items: Sequence[tuple[str, int]],
        coupon_ids: Sequence[str],
        trial_days: int,
        single_price_id: str | None = None,
    ) -> Document:
        """A new subscription, billed at once; `single_price_id` is charged once beside it."""
        subscription = self.new(
            "subscriptions",
            "sub",
            "subscription",
            customer=customer["id"],
            status="trialing" if trial_days else "active",
            currency=PRICE[items[0][0]]["currency"],
            start_date=self.now - self.backdated_days.get(customer["id"], 0) * DAY,
            ended_at=None,
            cancel_at=None,
            cancel_at_period_end=False,
            canceled_at=None,
            cancellation_details={"reason": None},
            pause_collection=None,
            trial_start=self.now if trial_days else None,
            trial_end=self.now + trial_days * DAY if trial_days else None,
            billing_cycle_anchor=self.now + trial_days * DAY,
            collection_method="charge_automatically",
            discounts=[],
            items={"data": [self.new_item(price_id, quantity) for price_id, quantity in items]},
        )
        subscription["livemode"] = customer["livemode"]
        subscription["discounts"] = [self.new_discount(coupon_id, customer, subscription) for coupon_id in coupon_ids]
        self._begin_period(
            subscription, subscription["items"]["data"], self.now, is_first=True, single_price_id=single_price_id
        )
        self.tell("customer.subscription.created", subscription)
        return subscription

    def _period_end(self, subscription: Document, item: Document, start: int) -> int:
        if subscription["trial_end"] and start < subscription["trial_end"]:
            return int(subscription["trial_end"])
        rhythm = item["price"]["recurring"]
        anchor, number = subscription["billing_cycle_anchor"], 0
        while later(anchor, rhythm["interval"], number * rhythm["interval_count"]) <= start:
            number += 1
        return later(anchor, rhythm["interval"], number * rhythm["interval_count"])

    def _begin_period(
        self,
        subscription: Document,
        items: Sequence[Document],
        start: int,
        *,
        is_first: bool = False,
        single_price_id: str | None = None,
    ) -> None:
        """Bill the period that begins now for some items and set the date of their next."""
        before = copy.deepcopy(subscription)
        for item in items:
            item["current_period_start"], item["current_period_end"] = (
                start,
                self._period_end(subscription, item, start),
            )
        if subscription["status"] == "trialing" and start >= subscription["trial_end"]:
            subscription["status"] = "active"
        on_trial = subscription["status"] == "trialing"
        invoice = None
        if subscription["customer"] not in self.unbilled:
            invoice = self.invoices.bill_period(subscription, items, on_trial=on_trial, single_price_id=single_price_id)
            # A `once` coupon is spent by the first invoice that bills.
            if not on_trial or self.manners.spends_once_on_trials:
                spend_once(subscription)
        if not is_first:
            self.tell("customer.subscription.updated", subscription, before)
        if invoice is not None:
            self.invoices.finish(subscription, invoice, at_once=is_first)
        self._await_periods(subscription)

    def _await_periods(self, subscription: Document) -> None:
        """Items of different intervals are billed each at its own time."""
        for end in sorted({item["current_period_end"] for item in subscription["items"]["data"]}):
            self.at(end, partial(self._roll_over, subscription, end))

    def _roll_over(self, subscription: Document, end: int) -> None:
        due = [item for item in subscription["items"]["data"] if item["current_period_end"] == end]
        if subscription["ended_at"] or not due:
            return
        if subscription["cancel_at_period_end"]:
            self.end(subscription, subscription["cancellation_details"]["reason"])
        elif subscription["status"] in ("active", "past_due", "trialing"):
            self._begin_period(subscription, due, end)

    def end(self, subscription: Document, reason: str | None) -> None:
        """Cancel at once."""
        if subscription["ended_at"]:
            return
        self.change(
            subscription,
            status="canceled",
            ended_at=self.now,
            canceled_at=subscription["canceled_at"] or self.now,
            cancellation_details={"reason": reason},
        )

    def schedule_end(self, subscription: Document, *, wanted: bool) -> None:
        if not subscription["ended_at"]:
            self.change(
                subscription,
                cancel_at_period_end=wanted,
                canceled_at=self.now if wanted else None,
                cancellation_details={"reason": "cancellation_requested" if wanted else None},
            )

    def change_items(self, subscription: Document, items: Sequence[Document]) -> None:
        """Hold other items from now on, prorated and billed at once."""
        if subscription["ended_at"]:
            return
        before = copy.deepcopy(subscription)
        subscription["items"] = {"data": [self._in_period(subscription, item) for item in items]}
        if subscription["status"] in ("active", "past_due") and subscription["customer"] not in self.unbilled:
            self.invoices.bill_change(before, subscription)
        self.tell("customer.subscription.updated", subscription, before)
        self._await_periods(subscription)

    def _in_period(self, subscription: Document, item: Document) -> Document:
        """An item in the period of those of its interval; the first of an interval begins one now."""
        kept = copy.deepcopy(item)
        for held in subscription["items"]["data"]:
            if held["price"]["recurring"] | {"usage_type": ""} == item["price"]["recurring"] | {"usage_type": ""}:
                period = held["current_period_start"], held["current_period_end"]
                break
        else:
            period = self.now, self._period_end(subscription, item, self.now)
        kept["current_period_start"], kept["current_period_end"] = period
        return kept
