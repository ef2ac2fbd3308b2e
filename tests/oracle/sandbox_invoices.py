"""How a small Stripe bills: an invoice for a period or a change, finalised, and paid or not.

Belongs here: the life of an invoice. Does not: when one is due (sandbox), the arithmetic of its lines (billing) or
money that goes back (money_back).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from fractions import Fraction

from tests.oracle.billing import line, line_amounts, repeat_discounts, settle
from tests.oracle.catalogue import PRICE, Document
from tests.oracle.sandbox_state import SandboxState
from tests.oracle.subscription_shapes import is_billed_ahead

HOUR = 3600


class Invoices:
    """The invoices of one Stripe. `failing`: subscriptions whose renewals fail."""

    def __init__(
        self, stripe: SandboxState, *, tax_percent: int, unspecified_inclusive: bool, names_items: bool
    ) -> None:
        self.failing: set[str] = set()
        self._stripe = stripe
        self._tax_percent = tax_percent
        self._unspecified_inclusive = unspecified_inclusive
        self._names_items = names_items

    def bill_period(
        self, subscription: Document, items: Sequence[Document], *, on_trial: bool, single_price_id: str | None
    ) -> Document:
        invoice = self._new_invoice(subscription)
        for item in filter(is_billed_ahead, items):
            period = item["current_period_start"], item["current_period_end"]
            for quantity, amount in line_amounts(item["price"], item["quantity"]):
                billed = self._add_line(invoice, item, (quantity, 0 if on_trial else amount), period)
                billed["discounts"] = copy.deepcopy(item["discounts"])
        if single_price_id is not None:
            self._add_single_line(invoice, single_price_id)
        return invoice

    def bill_change(self, before: Document, after: Document) -> None:
        """Credit what is held no more for the rest of its period, and bill what is new."""

        def prorated(item: Document) -> int:
            start, end = item["current_period_start"], item["current_period_end"]
            full = sum(amount for _, amount in line_amounts(item["price"], item["quantity"]))
            return int(full * Fraction(end - self._stripe.now, end - start)) if self._stripe.now < end else 0

        def terms(item: Document) -> tuple[str, str, int]:
            return item["id"], item["price"]["id"], item["quantity"]

        was = {terms(item): item for item in before["items"]["data"] if is_billed_ahead(item)}
        now = {terms(item): item for item in after["items"]["data"] if is_billed_ahead(item)}
        credited = [item for key, item in was.items() if key not in now and prorated(item)]
        billed = [item for key, item in now.items() if key not in was and prorated(item)]
        if not credited and not billed:
            return
        invoice = self._new_invoice(before)
        for item in credited:
            self._add_proration(invoice, item, -prorated(item), names_item=True)
        # Stripe may leave a changed item unnamed; then the one credit line beside it says whose it is.
        is_plain = len(credited) == len(billed) == 1 and credited[0]["id"] == billed[0]["id"]
        for item in billed:
            self._add_proration(invoice, item, prorated(item), names_item=self._names_items or not is_plain)
        self.finish(after, invoice, at_once=True)

    def finish(self, subscription: Document, invoice: Document, *, at_once: bool) -> None:
        """Finalise at once, or an hour later as Stripe does with renewals; while collection is paused as it says."""
        settle(invoice, self._tax_percent, self._unspecified_inclusive)
        if self._stripe.manners.repeats_discounts:
            repeat_discounts(invoice)
        if subscription["pause_collection"]:
            self._set_aside(invoice, subscription["pause_collection"]["behavior"])
            return
        if at_once:
            self._finalise(subscription, invoice, may_fail=False)
        else:
            self._stripe.at(self._stripe.now + HOUR, lambda: self._finalise(subscription, invoice, may_fail=True))

    def pay(self, invoice: Document) -> None:
        if invoice["status"] not in ("open", "uncollectible"):
            return
        invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0}
        invoice["status_transitions"]["paid_at"] = self._stripe.now
        if not invoice["amount_due"]:
            return
        intent = self._stripe.new_id("pi")
        charge = self._stripe.new(
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
        payment = self._stripe.new(
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
            status_transitions={"canceled_at": None, "paid_at": self._stripe.now},
        )
        charge["livemode"] = payment["livemode"] = invoice["livemode"]

    def of(self, subscription: Document) -> list[Document]:
        return [
            invoice
            for invoice in self._stripe.objects["invoices"].values()
            if invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
        ]

    def open_of(self, subscription: Document) -> list[Document]:
        return [invoice for invoice in self.of(subscription) if invoice["status"] == "open"]

    def _new_invoice(self, subscription: Document) -> Document:
        customer = self._stripe.objects["customers"][subscription["customer"]]
        own = [customer["discount"]] if customer["discount"] else []
        applied = subscription["discounts"] or own
        in_force = [d for d in applied if d["end"] is None or self._stripe.now < d["end"]]
        invoice = self._stripe.new(
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

    def _add_line(
        self, invoice: Document, item: Document, billed: tuple[int, int], period: tuple[int, int]
    ) -> Document:
        """A line of a subscription item; `billed` is quantity and amount."""
        details = {
            "subscription": invoice["parent"]["subscription_details"]["subscription"],
            "subscription_item": item["id"],
            "invoice_item": None,
            "proration": False,
            "proration_details": None,
        }
        parent = {"type": "subscription_item_details", "subscription_item_details": details}
        entry = line(self._stripe.new_id("il"), item["price"]["id"], billed, period, parent)
        invoice["lines"]["data"].append(entry)
        return entry

    def _add_single_line(self, invoice: Document, price_id: str) -> None:
        """A line of a one-time price."""
        details = {
            "subscription": None,
            "invoice_item": self._stripe.new_id("ii"),
            "proration": False,
            "proration_details": None,
        }
        parent = {"type": "invoice_item_details", "invoice_item_details": details}
        amount = int(PRICE[price_id]["unit_amount"])
        entry = line(self._stripe.new_id("il"), price_id, (1, amount), (self._stripe.now, self._stripe.now), parent)
        invoice["lines"]["data"].append(entry)

    def _add_proration(self, invoice: Document, item: Document, amount: int, *, names_item: bool) -> None:
        entry = self._add_line(
            invoice, item, (item["quantity"], amount), (self._stripe.now, item["current_period_end"])
        )
        details = entry["parent"]["subscription_item_details"]
        details |= {"proration": True, "invoice_item": self._stripe.new_id("ii")}
        if not names_item:
            details["subscription_item"] = None
        if amount > 0:
            entry["discounts"] = copy.deepcopy(item["discounts"])

    def _set_aside(self, invoice: Document, behavior: str) -> None:
        """What a paused collection makes of an invoice: it stays a draft, or nobody will ever pay it."""
        if behavior == "keep_as_draft":
            return
        state = ("void", "voided_at") if behavior == "void" else ("uncollectible", "marked_uncollectible_at")
        invoice |= {"status": state[0], "amount_remaining": invoice["amount_due"]}
        invoice["status_transitions"] |= {"finalized_at": self._stripe.now, state[1]: self._stripe.now}

    def _finalise(self, subscription: Document, invoice: Document, *, may_fail: bool) -> None:
        if invoice["status"] != "draft" or subscription["ended_at"]:
            return
        invoice["status"] = "open"
        invoice["status_transitions"]["finalized_at"] = self._stripe.now
        invoice["amount_remaining"] = invoice["amount_due"]
        if may_fail and subscription["id"] in self.failing and invoice["amount_due"]:
            if subscription["status"] == "active":
                self._stripe.change(subscription, status="past_due")
            return
        self.pay(invoice)
