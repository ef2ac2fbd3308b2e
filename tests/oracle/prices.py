"""What a price comes to a month, gross, before coupons (METRICS 2.2, "MRR of an item").

Belongs here: units, tiers, packages, intervals. Does not: tax, coupons, statuses.
"""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.inputs import JsonObject
from tests.oracle.money import minor_unit
from tests.oracle.stripe_books import StripeBooks


def months_of(price: JsonObject) -> Fraction:
    """Months of the price's interval: year 12, week 12/52, day 12/365, times `interval_count`."""
    recurring = price["recurring"]
    months = {"year": Fraction(12), "month": Fraction(1), "week": Fraction(12, 52), "day": Fraction(12, 365)}
    return months[recurring["interval"]] * (recurring.get("interval_count") or 1)


def currency_of(price: JsonObject) -> str:
    return str(price["currency"]).upper()


def is_licensed(price: JsonObject) -> bool:
    """Recurring and not metered: what may have MRR."""
    recurring = price.get("recurring")
    return recurring is not None and recurring.get("usage_type") != "metered"


def gross_monthly(books: StripeBooks, price: JsonObject, quantity: int) -> Fraction:
    """Price × quantity ÷ months, in whole currency units, exact."""
    return _gross(books, price, quantity) / minor_unit(currency_of(price)) / months_of(price)


def _gross(books: StripeBooks, price: JsonObject, quantity: int) -> Fraction:
    """Minor units of one interval. Event snapshots carry no tiers: they are resolved through the price."""
    if price.get("billing_scheme") == "tiered":
        tiers = price.get("tiers") or books.prices.get(price["id"], {}).get("tiers") or ()
        tiers = sorted(tiers, key=lambda tier: (tier["up_to"] is None, tier["up_to"] or 0))
        mode = price.get("tiers_mode") or books.prices[price["id"]]["tiers_mode"]
        return _volume(tiers, quantity) if mode == "volume" else _graduated(tiers, quantity)
    return _amount(price, "unit_amount") * _packages(price, quantity)


def _packages(price: JsonObject, quantity: int) -> int:
    """`transform_quantity`: the quantity divided and rounded up or down."""
    transform = price.get("transform_quantity")
    if not transform:
        return quantity
    packages, rest = divmod(quantity, transform["divide_by"])
    return packages + (transform["round"] == "up" and rest > 0)


def _volume(tiers: list[JsonObject], quantity: int) -> Fraction:
    """All units at the price of the tier the quantity falls in."""
    for tier in tiers:
        if tier["up_to"] is None or quantity <= tier["up_to"]:
            return _amount(tier, "unit_amount") * quantity + _amount(tier, "flat_amount")
    return Fraction(0)


def _graduated(tiers: list[JsonObject], quantity: int) -> Fraction:
    """Each tier's units at its own price, and the flat amount of every tier reached."""
    total, reached = Fraction(0), 0
    for tier in tiers:
        if reached >= quantity:
            break
        upper = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        total += _amount(tier, "unit_amount") * (upper - reached) + _amount(tier, "flat_amount")
        reached = upper
    return total


def _amount(holder: JsonObject, name: str) -> Fraction:
    """Minor units; the decimal text is the exact one where Stripe gives both."""
    exact = holder.get(f"{name}_decimal")
    return Fraction(exact) if exact is not None else Fraction(holder.get(name) or 0)
