"""Claims about what Stripe's events say of its lists: every event about something that lands is understood."""

from __future__ import annotations

from typing import get_args, get_type_hints

import stripe

from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.contract import DELETIONS, OBJECT_LISTS, TOUCHED

# What an event is about, by the beginning of its type, the longest that fits.
ABOUT = {
    "charge.dispute.": "dispute",
    "charge.refund.": "refund",
    "charge.": "charge",
    "coupon.": "coupon",
    "credit_note.": "credit_note",
    "customer.discount.": "discount",
    "customer.source.": "source",
    "customer.subscription.": "subscription",
    "customer.tax_id.": "tax_id",
    "customer.": "customer",
    "invoice.": "invoice",
    "invoice_payment.": "invoice_payment",
    "invoiceitem.": "invoiceitem",
    "plan.": "plan",
    "price.": "price",
    "product.": "product",
    "refund.": "refund",
}
# Nothing that lands of a charge or a customer depends on these.
WITHOUT_EFFECT = {"dispute", "source", "tax_id"}


def _about(event_type: str) -> str | None:
    return next((ABOUT[start] for start in sorted(ABOUT, key=len, reverse=True) if event_type.startswith(start)), None)


def test_touches__cover_every_object_that_the_clients_event_types_are_about() -> None:
    types = get_args(get_type_hints(stripe.Event)["type"])
    assert {about for type_ in types if (about := _about(type_))} - WITHOUT_EFFECT == set(TOUCHED)


def test_touches__cover_every_list_and_every_object_that_may_land() -> None:
    assert {touch.resource for touches in TOUCHED.values() for touch in touches} == {it.name for it in OBJECT_LISTS}
    assert set(ALLOWED) <= set(TOUCHED)


def test_deletions__are_those_event_types_after_which_the_object_is_gone() -> None:
    types = {type_ for type_ in get_args(get_type_hints(stripe.Event)["type"]) if type_.endswith(".deleted")}
    gone = {type_ for type_ in types if _about(type_) in {"customer", "product", "price", "plan", "coupon", "invoice"}}
    assert set(DELETIONS) == gone
