"""Reading one invoice line: whose it is, whether it is a proration, its net and its tax in minor units.

Belongs here: the shape of Stripe's lines. Does not: what follows from them (history, taxes, revenue).
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.inputs import JsonObject
from tests.oracle.stripe_books import reference


def _details(line: JsonObject) -> JsonObject:
    parent = line.get("parent") or {}
    return parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}


def is_proration(line: JsonObject) -> bool:
    return bool(_details(line).get("proration"))


def item_of(line: JsonObject) -> str | None:
    """The subscription item a line names, if it names one."""
    return _details(line).get("subscription_item")


def subscription_of(line: JsonObject) -> str | None:
    return _details(line).get("subscription")


def price_id_of(line: JsonObject) -> str | None:
    return reference(((line.get("pricing") or {}).get("price_details") or {}).get("price"))


def product_id_of(line: JsonObject) -> str | None:
    return reference(((line.get("pricing") or {}).get("price_details") or {}).get("product"))


def line_tax(line: JsonObject) -> int:
    return sum(tax["amount"] for tax in line.get("taxes") or ())


def line_net(line: JsonObject) -> int:
    """The line's amount less its discounts and the tax inside it, minor units."""
    discounts = sum(discount["amount"] for discount in line.get("discount_amounts") or ())
    inside = sum(tax["amount"] for tax in line.get("taxes") or () if tax.get("tax_behavior") == "inclusive")
    return int(line["amount"]) - discounts - inside


def item_of_proration(line: JsonObject, lines: Sequence[JsonObject]) -> str:
    """The item of a positive proration line: the one it names, else that of the credit line beside it, else its own.

    Beside it is the credit line of the same instant that stands nearest, the one before first.
    """
    named = item_of(line)
    if named is not None:
        return named
    position = lines.index(line)
    credits = [
        (abs(index - position), index, item)
        for index, other in enumerate(lines)
        if is_proration(other)
        and other["amount"] < 0
        and other["period"]["start"] == line["period"]["start"]
        and (item := item_of(other)) is not None
    ]
    return min(credits)[2] if credits else str(line["id"])
