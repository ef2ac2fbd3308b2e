"""The fields of Stripe's objects that may land. What is not named here stays at Stripe.

Belongs here: the border as data, one entry an object. Does not: the walking of it (prune).

A field set to VALUE lands when it is a plain value (or a list of them); where Stripe has put an expanded object there,
its id lands. A field set to a mapping lands as that mapping says, entry by entry when it is a list. Names, addresses,
e-mails, descriptions, memos and all metadata but the keys named here are absent, so they cannot land.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

VALUE: Final = None

Fields: TypeAlias = Mapping[str, "Fields | None"]

# Fields that people type words into; one that reads like contact details or a long number stays at Stripe.
LABELS: Final = frozenset({"plan", "revenue_type"})


def _values(*names: str) -> dict[str, Fields | None]:
    return dict.fromkeys(names, VALUE)


def _list_of(fields: Fields) -> Fields:
    """Stripe's list object: only its entries land (the list is complete by then)."""
    return {"data": fields}


_COUPON: Fields = {
    **_values(
        "id",
        "created",
        "livemode",
        "percent_off",
        "amount_off",
        "currency",
        "duration",
        "duration_in_months",
        "deleted",
    ),
    "applies_to": _values("products"),
}

_DISCOUNT: Fields = {
    **_values("id", "start", "end", "customer", "subscription", "subscription_item", "invoice", "invoice_item"),
    "source": {"type": VALUE, "coupon": _COUPON},
    # Where objects rendered in older API versions carry it.
    "coupon": _COUPON,
}

_PRICE: Fields = {
    **_values(
        "id",
        "product",
        "currency",
        "type",
        "active",
        "created",
        "livemode",
        "billing_scheme",
        "unit_amount",
        "unit_amount_decimal",
        "tiers_mode",
        "tax_behavior",
        "deleted",
    ),
    "tiers": _values("up_to", "flat_amount", "flat_amount_decimal", "unit_amount", "unit_amount_decimal"),
    "transform_quantity": _values("divide_by", "round"),
    "recurring": _values("interval", "interval_count", "usage_type"),
}

_SUBSCRIPTION_ITEM: Fields = {
    **_values("id", "created", "quantity", "current_period_start", "current_period_end"),
    "price": _PRICE,
    "discounts": _DISCOUNT,
}

_TAX: Fields = _values("amount", "tax_behavior", "taxable_amount")
_DISCOUNT_AMOUNT: Fields = _values("amount", "discount")

_PRORATION: Fields = {
    **_values("subscription", "subscription_item", "invoice_item", "proration"),
    "proration_details": {"credited_items": _values("invoice", "invoice_line_items")},
}

_INVOICE_LINE: Fields = {
    **_values("id", "amount", "subtotal", "currency", "quantity", "discountable"),
    "period": _values("start", "end"),
    "discounts": _DISCOUNT,
    "discount_amounts": _DISCOUNT_AMOUNT,
    "taxes": _TAX,
    "pricing": {"price_details": _values("price", "product"), "unit_amount_decimal": VALUE},
    "parent": {"type": VALUE, "subscription_item_details": _PRORATION, "invoice_item_details": _PRORATION},
}

_CREDIT_NOTE_LINE: Fields = {
    **_values("id", "amount", "quantity", "type", "invoice_line_item"),
    "discount_amounts": _DISCOUNT_AMOUNT,
    "taxes": _TAX,
    "tax_amounts": _TAX,
}

ALLOWED: Mapping[str, Fields] = MappingProxyType(
    {
        "customer": {
            **_values("id", "created", "livemode", "deleted", "currency"),
            "metadata": _values("account_id"),
            "discount": _DISCOUNT,
        },
        "product": {
            **_values("id", "created", "livemode", "active", "deleted"),
            "metadata": _values("plan", "revenue_type"),
        },
        "price": _PRICE,
        "coupon": _COUPON,
        "discount": _DISCOUNT,
        "subscription": {
            **_values(
                "id",
                "customer",
                "status",
                "created",
                "livemode",
                "currency",
                "start_date",
                "ended_at",
                "cancel_at",
                "cancel_at_period_end",
                "canceled_at",
                "trial_start",
                "trial_end",
                "billing_cycle_anchor",
                "collection_method",
                "latest_invoice",
                "default_tax_rates",
            ),
            "cancellation_details": _values("reason"),
            "pause_collection": _values("behavior", "resumes_at"),
            "discounts": _DISCOUNT,
            "items": _list_of(_SUBSCRIPTION_ITEM),
        },
        "invoice": {
            **_values(
                "id",
                "customer",
                "status",
                "created",
                "livemode",
                "currency",
                "billing_reason",
                "subtotal",
                "subtotal_excluding_tax",
                "total",
                "total_excluding_tax",
                "amount_due",
                "amount_paid",
                "amount_remaining",
                "starting_balance",
                "ending_balance",
                "period_start",
                "period_end",
            ),
            "parent": {"type": VALUE, "subscription_details": _values("subscription")},
            "status_transitions": _values("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"),
            "total_taxes": _TAX,
            "discounts": _DISCOUNT,
            "total_discount_amounts": _DISCOUNT_AMOUNT,
            "lines": _list_of(_INVOICE_LINE),
        },
        "invoice_payment": {
            **_values(
                "id",
                "created",
                "livemode",
                "invoice",
                "status",
                "amount_paid",
                "amount_requested",
                "currency",
                "is_default",
            ),
            "payment": _values("type", "charge", "payment_intent"),
            "status_transitions": _values("canceled_at", "paid_at"),
        },
        "charge": _values(
            "id",
            "created",
            "livemode",
            "amount",
            "amount_refunded",
            "amount_captured",
            "currency",
            "customer",
            "status",
            "payment_intent",
            "paid",
            "captured",
        ),
        "refund": _values("id", "created", "livemode", "charge", "payment_intent", "amount", "currency", "status"),
        "credit_note": {
            **_values(
                "id",
                "created",
                "livemode",
                "invoice",
                "customer",
                "currency",
                "status",
                "type",
                "reason",
                "amount",
                "subtotal",
                "subtotal_excluding_tax",
                "total",
                "total_excluding_tax",
                "discount_amount",
                "effective_at",
                "voided_at",
                "pre_payment_amount",
                "post_payment_amount",
                "out_of_band_amount",
            ),
            "total_taxes": _TAX,
            "refunds": _values("refund", "amount_refunded"),
            "lines": _list_of(_CREDIT_NOTE_LINE),
        },
    }
)
