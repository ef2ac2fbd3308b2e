"""The shapes of Stripe's objects in the current API, unexpanded, as plain dictionaries.

Each function renders one object from what the engine decided; nothing is decided here. Discounts appear as ids,
tiers and `applies_to` are kept apart (the server shows them when asked to expand).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ingestion.simulator.books import Json
from ingestion.simulator.pricing import Coupon, Discount, Price, Product, Tier


def product(item: Product, created: int) -> Json:
    """A product; metadata only as far as its owner filled it in."""
    metadata = {"plan": item.plan, "revenue_type": item.revenue_type}
    return {
        "id": item.id,
        "object": "product",
        "active": True,
        "created": created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": True,
        "marketing_features": [],
        "metadata": {key: value for key, value in metadata.items() if value is not None},
        "name": item.name,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": created,
        "url": None,
    }


def price(item: Price, created: int) -> Json:
    """A price without its tiers."""
    recurring = {
        "interval": item.interval,
        "interval_count": item.interval_count,
        "meter": "mtr_messages" if item.usage == "metered" else None,
        "trial_period_days": None,
        "usage_type": item.usage,
    }
    transform = {"divide_by": item.divide_by, "round": "up"}
    is_whole = item.unit is not None and item.unit == item.unit.to_integral_value()
    return {
        "id": item.id,
        "object": "price",
        "active": True,
        "billing_scheme": "tiered" if item.tiers else "per_unit",
        "created": created,
        "currency": item.currency.lower(),
        "custom_unit_amount": None,
        "livemode": True,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": item.product.id,
        "recurring": recurring if item.is_recurring else None,
        "tax_behavior": item.tax_behavior,
        "tiers_mode": item.tiers_mode,
        "transform_quantity": transform if item.divide_by else None,
        "type": "recurring" if item.is_recurring else "one_time",
        "unit_amount": int(item.unit) if item.unit is not None and is_whole else None,
        "unit_amount_decimal": None if item.unit is None else decimal_text(item.unit),
    }


def tiers(item: Price) -> list[Json]:
    """The tiers of a price, shown on `expand[]=tiers` only."""
    return [_tier(tier) for tier in item.tiers]


def _tier(tier: Tier) -> Json:
    is_whole = tier.unit == tier.unit.to_integral_value()
    return {
        "flat_amount": tier.flat or None,
        "flat_amount_decimal": str(tier.flat) if tier.flat else None,
        "unit_amount": int(tier.unit) if is_whole else None,
        "unit_amount_decimal": decimal_text(tier.unit),
        "up_to": tier.up_to,
    }


def coupon(item: Coupon, created: int) -> Json:
    """A coupon without `applies_to`."""
    return {
        "id": item.id,
        "object": "coupon",
        "amount_off": item.amount_off,
        "created": created,
        "currency": item.currency.lower() if item.currency else None,
        "duration": item.duration,
        "duration_in_months": item.months,
        "livemode": True,
        "max_redemptions": None,
        "metadata": {},
        "name": item.id.title(),
        "percent_off": None if item.percent is None else float(item.percent),
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }


def discount(item: Discount) -> Json:
    """A discount with its coupon as an id."""
    return {
        "id": item.id,
        "object": "discount",
        "checkout_session": None,
        "customer": item.customer_id,
        "end": item.end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": None,
        "source": {"coupon": item.coupon.id, "type": "coupon"},
        "start": item.start,
        "subscription": item.subscription_id,
        "subscription_item": item.item_id,
    }


def customer(customer_id: str, created: int, *, currency: str, profile: Json, metadata: Json) -> Json:
    """A customer with the personal data a real one has (`profile`: email, name, phone, country)."""
    return {
        "id": customer_id,
        "object": "customer",
        "address": {
            "city": None,
            "country": profile["country"],
            "line1": None,
            "line2": None,
            "postal_code": None,
            "state": None,
        },
        "balance": 0,
        "created": created,
        "currency": currency.lower(),
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": profile["email"],
        "invoice_prefix": customer_id[-8:].upper(),
        "livemode": True,
        "metadata": metadata,
        "name": profile["name"],
        "phone": profile["phone"],
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def subscription_item(
    item_id: str, subscription_id: str, rendered_price: Json, *, quantity: int | None, state: Json
) -> Json:
    """A subscription item; `state` holds created, current_period_start, current_period_end and discounts (ids)."""
    rendered: Json = {
        "id": item_id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "metadata": {},
        "price": rendered_price,
        "subscription": subscription_id,
        "tax_rates": [],
        **state,
    }
    if quantity is not None:
        rendered["quantity"] = quantity
    return rendered


def object_list(data: Sequence[Json], url: str) -> Json:
    """An embedded list, whole; the server cuts it."""
    return {"object": "list", "data": list(data), "has_more": False, "url": url}


def tax_entry(amount: int, behavior: str, taxable: int, rate_id: str) -> Json:
    """One tax of a line or an invoice."""
    return {
        "amount": amount,
        "tax_behavior": behavior,
        "tax_rate_details": {"tax_rate": rate_id},
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


def invoice_payment(payment_id: str, invoice: Json, at: int, payment: Json, *, paid: bool) -> Json:
    """The link between an invoice and the payment that settles it."""
    return {
        "id": payment_id,
        "object": "invoice_payment",
        "amount_paid": invoice["amount_due"] if paid else None,
        "amount_requested": invoice["amount_due"],
        "created": at,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": invoice["livemode"],
        "payment": payment,
        "status": "paid" if paid else "open",
        "status_transitions": {"canceled_at": None, "paid_at": at if paid else None},
    }


def charge(charge_id: str, at: int, money: tuple[int, str], customer_id: str, **more: Any) -> Json:
    """A charge of (minor units, currency); `more` may hold `failed`, `payment_intent` and `email`."""
    amount, currency = money
    succeeded = not more.get("failed", False)
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if succeeded else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": more.get("email"), "name": None, "phone": None, "tax_id": None},
        "captured": succeeded,
        "created": at,
        "currency": currency.lower(),
        "customer": customer_id,
        "description": None,
        "disputed": False,
        "failure_code": None if succeeded else "card_declined",
        "failure_message": None if succeeded else "Your card was declined.",
        "livemode": True,
        "metadata": {},
        "paid": succeeded,
        "payment_intent": more.get("payment_intent"),
        "receipt_email": more.get("email"),
        "refunded": False,
        "status": "succeeded" if succeeded else "failed",
    }


def refund(refund_id: str, at: int, *, amount: int, charged: Json, status: str) -> Json:
    """A refund of a charge."""
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charged["id"],
        "created": at,
        "currency": charged["currency"],
        "metadata": {},
        "payment_intent": charged["payment_intent"],
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def decimal_text(value: Decimal) -> str:
    """A decimal without trailing zeros, as Stripe writes `*_decimal` fields."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
