"""A small Stripe that behaves: subscriptions live through time and leave objects, events and invoices behind.

Belongs here: the state machine of subscriptions, customers' discounts and read nights. Does not: chance (worlds), the
arithmetic of an invoice (billing) or money that goes back (money_back).
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from itertools import count
from typing import Any

from tests.oracle.billing import line, line_amounts, repeat_discounts, settle
from tests.oracle.catalogue import COUPON, COUPONS, PRICE, PRODUCTS, Document
from tests.oracle.inputs import StripeNight
from tests.oracle.subscription_shapes import DAY, is_billed_ahead, later, snapshot_of, spend_once

HOUR = 3600
EVENT_SECONDS = 30 * DAY


@dataclass(frozen=True)
class Manners:
    """What differs between Stripe accounts without anyone meaning anything by it."""

    # Events created between these instants are rendered in another API version than the pinned one.
    foreign_events: tuple[int, int] = (0, 0)
    # An invoice's list repeats the coupons of its lines, and a line's those of the invoice.
    repeats_discounts: bool = False
    # A `once` coupon is used up by the empty invoice of a trial.
    spends_once_on_trials: bool = False


class Sandbox:
    """Stripe's state at `now` (epoch seconds). Calls change it; `run_until` lets time pass."""

    def __init__(
        self, *, tax_percent: int, unspecified_inclusive: bool, names_items: bool, manners: Manners | None = None
    ) -> None:
        self.now = 0
        self.manners = manners or Manners()
        self.objects: dict[str, dict[str, Document]] = {
            name: {}
            for name in (
                "customers",
                "subscriptions",
                "invoices",
                "invoice_payments",
                "charges",
                "refunds",
                "credit_notes",
            )
        }
        self.events: list[Document] = []
        self.nights: list[StripeNight] = []
        self.failing: set[str] = set()
        # Customers whom somebody else bills, and those whose subscriptions began before they were created.
        self.unbilled: set[str] = set()
        self.backdated_days: dict[str, int] = {}
        self._tax_percent = tax_percent
        self._unspecified_inclusive = unspecified_inclusive
        self._names_items = names_items
        self._numbers = count(1)
        self._due: list[tuple[int, int, Callable[[], None]]] = []

    # --- time -------------------------------------------------------------------------------------------------------
    def at(self, epoch: int, action: Callable[[], None]) -> None:
        """Do something at an instant; what is asked for the same second happens in the order it was asked for."""
        heapq.heappush(self._due, (max(epoch, self.now), next(self._numbers), action))

    def run_until(self, epoch: int) -> None:
        while self._due and self._due[0][0] <= epoch:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = epoch

    def read(self) -> None:
        """One night's read of every list and of the events of 30 days."""
        catalogue = {"products": PRODUCTS, "prices": tuple(PRICE.values()), "coupons": COUPONS}
        lists = {name: tuple(documents.values()) for name, documents in self.objects.items()}
        night = StripeNight(
            read_at=datetime.fromtimestamp(self.now, UTC),
            objects=copy.deepcopy(catalogue | lists),
            events=copy.deepcopy([e for e in self.events if self.now - EVENT_SECONDS <= e["created"] < self.now]),
        )
        self.nights.append(night)

    # --- plumbing ---------------------------------------------------------------------------------------------------
    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):06d}"

    def new(self, resource: str, prefix: str, kind: str, **fields: Any) -> Document:
        document = {"id": self.new_id(prefix), "object": kind, "created": self.now, "livemode": True, **fields}
        self.objects[resource][document["id"]] = document
        return document

    def tell(self, kind: str, document: Document, before: Document | None = None) -> None:
        """An event with the object as a snapshot; `before` gives its previous attributes."""
        after = snapshot_of(document)
        data: Document = {"object": after}
        if before is not None:
            old = snapshot_of(before)
            previous = {key: old[key] for key in old if old[key] != after[key]}
            if not previous:
                return
            data["previous_attributes"] = previous
        first, end = self.manners.foreign_events
        self.events.append(
            {
                "id": self.new_id("evt"),
                "object": "event",
                "type": kind,
                "created": self.now,
                "livemode": document["livemode"],
                "api_version": "another" if first <= self.now < end else "pinned",
                "data": copy.deepcopy(data),
            }
        )

    def change(self, subscription: Document, **fields: Any) -> None:
        """Change a subscription and tell of it."""
        before = copy.deepcopy(subscription)
        subscription.update(fields)
        kind = "deleted" if subscription["status"] == "canceled" else "updated"
        self.tell(f"customer.subscription.{kind}", subscription, before)

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
            invoice = self._bill_period(subscription, items, on_trial=on_trial, single_price_id=single_price_id)
            # A `once` coupon is spent by the first invoice that bills.
            if not on_trial or self.manners.spends_once_on_trials:
                spend_once(subscription)
        if not is_first:
            self.tell("customer.subscription.updated", subscription, before)
        if invoice is not None:
            self._finish(subscription, invoice, at_once=is_first)
        self._await_periods(subscription)

    def _bill_period(
        self, subscription: Document, items: Sequence[Document], *, on_trial: bool, single_price_id: str | None
    ) -> Document:
        invoice = self.invoice_of(subscription)
        for item in filter(is_billed_ahead, items):
            period = item["current_period_start"], item["current_period_end"]
            for quantity, amount in line_amounts(item["price"], item["quantity"]):
                billed = self.add_line(invoice, item, (quantity, 0 if on_trial else amount), period)
                billed["discounts"] = copy.deepcopy(item["discounts"])
        if single_price_id is not None:
            self.add_single_line(invoice, single_price_id)
        return invoice

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

    # --- invoices ---------------------------------------------------------------------------------------------------
    def invoice_of(self, subscription: Document) -> Document:
        customer = self.objects["customers"][subscription["customer"]]
        own = [customer["discount"]] if customer["discount"] else []
        applied = subscription["discounts"] or own
        in_force = [d for d in applied if d["end"] is None or self.now < d["end"]]
        invoice = self.new(
            "invoices",
            "in",
            "invoice",
            customer=customer["id"],
            status="draft",
            currency=subscription["currency"],
            billing_reason="subscription_cycle",
            parent={"type": "subscription_details", "subscription_details": {"subscription": subscription["id"]}},
            status_transitions=dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
            discounts=copy.deepcopy(in_force),
            lines={"data": []},
            amount_paid=0,
            amount_remaining=0,
        )
        invoice["livemode"] = subscription["livemode"]
        return invoice

    def add_line(self, invoice: Document, item: Document, billed: tuple[int, int], period: tuple[int, int]) -> Document:
        """A line of a subscription item; `billed` is quantity and amount."""
        details = {
            "subscription": invoice["parent"]["subscription_details"]["subscription"],
            "subscription_item": item["id"],
            "invoice_item": None,
            "proration": False,
            "proration_details": None,
        }
        parent = {"type": "subscription_item_details", "subscription_item_details": details}
        entry = line(self.new_id("il"), item["price"]["id"], billed, period, parent)
        invoice["lines"]["data"].append(entry)
        return entry

    def add_single_line(self, invoice: Document, price_id: str) -> None:
        """A line of a one-time price."""
        details = {
            "subscription": None,
            "invoice_item": self.new_id("ii"),
            "proration": False,
            "proration_details": None,
        }
        parent = {"type": "invoice_item_details", "invoice_item_details": details}
        amount = int(PRICE[price_id]["unit_amount"])
        entry = line(self.new_id("il"), price_id, (1, amount), (self.now, self.now), parent)
        invoice["lines"]["data"].append(entry)

    def add_proration(self, invoice: Document, item: Document, amount: int, *, names_item: bool) -> None:
        entry = self.add_line(invoice, item, (item["quantity"], amount), (self.now, item["current_period_end"]))
        details = entry["parent"]["subscription_item_details"]
        details |= {"proration": True, "invoice_item": self.new_id("ii")}
        if not names_item:
            details["subscription_item"] = None
        if amount > 0:
            entry["discounts"] = copy.deepcopy(item["discounts"])

    def change_items(self, subscription: Document, items: Sequence[Document]) -> None:
        """Hold other items from now on, prorated and billed at once."""
        if subscription["ended_at"]:
            return
        before = copy.deepcopy(subscription)
        subscription["items"] = {"data": [self._in_period(subscription, item) for item in items]}
        if subscription["status"] in ("active", "past_due") and subscription["customer"] not in self.unbilled:
            self._bill_change(before, subscription)
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

    def _bill_change(self, before: Document, after: Document) -> None:
        """Credit what is held no more for the rest of its period, and bill what is new."""

        def prorated(item: Document) -> int:
            start, end = item["current_period_start"], item["current_period_end"]
            full = sum(amount for _, amount in line_amounts(item["price"], item["quantity"]))
            return int(full * Fraction(end - self.now, end - start)) if self.now < end else 0

        def terms(item: Document) -> tuple[str, str, int]:
            return item["id"], item["price"]["id"], item["quantity"]

        was = {terms(item): item for item in before["items"]["data"] if is_billed_ahead(item)}
        now = {terms(item): item for item in after["items"]["data"] if is_billed_ahead(item)}
        credited = [item for key, item in was.items() if key not in now and prorated(item)]
        billed = [item for key, item in now.items() if key not in was and prorated(item)]
        if not credited and not billed:
            return
        invoice = self.invoice_of(before)
        for item in credited:
            self.add_proration(invoice, item, -prorated(item), names_item=True)
        # Stripe may leave a changed item unnamed; then the one credit line beside it says whose it is.
        is_plain = len(credited) == len(billed) == 1 and credited[0]["id"] == billed[0]["id"]
        for item in billed:
            self.add_proration(invoice, item, prorated(item), names_item=self._names_items or not is_plain)
        self._finish(after, invoice, at_once=True)

    def _finish(self, subscription: Document, invoice: Document, *, at_once: bool) -> None:
        """Finalise at once, or an hour later as Stripe does with renewals; while collection is paused as it says."""
        settle(invoice, self._tax_percent, self._unspecified_inclusive)
        if self.manners.repeats_discounts:
            repeat_discounts(invoice)
        if subscription["pause_collection"]:
            self._set_aside(invoice, subscription["pause_collection"]["behavior"])
            return
        if at_once:
            self._finalise(subscription, invoice, may_fail=False)
        else:
            self.at(self.now + HOUR, lambda: self._finalise(subscription, invoice, may_fail=True))

    def _set_aside(self, invoice: Document, behavior: str) -> None:
        """What a paused collection makes of an invoice: it stays a draft, or nobody will ever pay it."""
        if behavior == "keep_as_draft":
            return
        state = ("void", "voided_at") if behavior == "void" else ("uncollectible", "marked_uncollectible_at")
        invoice |= {"status": state[0], "amount_remaining": invoice["amount_due"]}
        invoice["status_transitions"] |= {"finalized_at": self.now, state[1]: self.now}

    def _finalise(self, subscription: Document, invoice: Document, *, may_fail: bool) -> None:
        if invoice["status"] != "draft" or subscription["ended_at"]:
            return
        invoice["status"] = "open"
        invoice["status_transitions"]["finalized_at"] = self.now
        invoice["amount_remaining"] = invoice["amount_due"]
        if may_fail and subscription["id"] in self.failing and invoice["amount_due"]:
            if subscription["status"] == "active":
                self.change(subscription, status="past_due")
            return
        self.pay(invoice)

    def pay(self, invoice: Document) -> None:
        if invoice["status"] not in ("open", "uncollectible"):
            return
        invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0}
        invoice["status_transitions"]["paid_at"] = self.now
        if not invoice["amount_due"]:
            return
        intent = self.new_id("pi")
        charge = self.new(
            "charges",
            "ch",
            "charge",
            amount=invoice["amount_due"],
            amount_captured=invoice["amount_due"],
            amount_refunded=0,
            currency=invoice["currency"],
            customer=invoice["customer"],
            status="succeeded",
            payment_intent=intent,
            paid=True,
            captured=True,
        )
        payment = self.new(
            "invoice_payments",
            "inpay",
            "invoice_payment",
            invoice=invoice["id"],
            status="paid",
            amount_paid=invoice["amount_due"],
            amount_requested=invoice["amount_due"],
            currency=invoice["currency"],
            is_default=True,
            payment={"type": "payment_intent", "payment_intent": intent},
            status_transitions={"canceled_at": None, "paid_at": self.now},
        )
        charge["livemode"] = payment["livemode"] = invoice["livemode"]

    def invoices_of(self, subscription: Document) -> list[Document]:
        return [
            invoice
            for invoice in self.objects["invoices"].values()
            if invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
        ]

    def open_invoices(self, subscription: Document) -> list[Document]:
        return [invoice for invoice in self.invoices_of(subscription) if invoice["status"] == "open"]
