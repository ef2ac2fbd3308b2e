"""What Stripe bills: invoice lines of items, prorations and single charges, with discounts and tax to the cent.

Belongs here: the arithmetic of one invoice of the sandbox. Does not: when it is made (sandbox).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.oracle.catalogue import COUPON, PRICE, Document


def cents(value: Fraction) -> int:
    """Stripe rounds half up."""
    return int((abs(value) * 2 + 1) // 2) * (1 if value >= 0 else -1)


def line_amounts(price: Document, quantity: int) -> list[tuple[int, int]]:
    """(quantity, amount) of every line an item bills: one a tier for graduated prices."""
    if price["billing_scheme"] != "tiered":
        units = quantity
        if price["transform_quantity"]:
            units = -(-quantity // price["transform_quantity"]["divide_by"])
        return [(quantity, cents(Fraction(price["unit_amount_decimal"]) * units))]
    if price["tiers_mode"] == "volume":
        tier = next(t for t in price["tiers"] if t["up_to"] is None or quantity <= t["up_to"])
        return [(quantity, cents(Fraction(tier["unit_amount_decimal"]) * quantity + (tier["flat_amount"] or 0)))]
    billed, lines = 0, []
    for tier in price["tiers"]:
        if billed < quantity:
            part = (quantity if tier["up_to"] is None else min(quantity, tier["up_to"])) - billed
            lines.append((part, cents(Fraction(tier["unit_amount_decimal"]) * part)))
            billed += part
    return lines


def line(line_id: str, price_id: str, billed: tuple[int, int], period: tuple[int, int], parent: Document) -> Document:
    """An invoice line before discounts and tax; `billed` is quantity and amount."""
    quantity, amount = billed
    price = PRICE[price_id]
    return {
        "id": line_id,
        "object": "line_item",
        "amount": amount,
        "subtotal": amount,
        "currency": price["currency"],
        "quantity": quantity,
        "discountable": True,
        "period": {"start": period[0], "end": period[1]},
        "discounts": [],
        "discount_amounts": [],
        "taxes": [],
        "pricing": {"type": "price_details", "price_details": {"price": price_id, "product": price["product"]}},
        "parent": parent,
    }


def settle(invoice: Document, tax_percent: int, unspecified_inclusive: bool) -> None:
    """Take the discounts off the lines, put the tax on, and add up the invoice."""
    lines = invoice["lines"]["data"]
    for entry in lines:
        for discount in entry["discounts"]:
            _discount([entry], discount)
    for discount in invoice["discounts"]:
        _discount([entry for entry in lines if entry["amount"] > 0], discount)
    for entry in lines:
        _tax(entry, tax_percent, unspecified_inclusive)
    net = sum(map(_net, lines))
    tax = sum(t["amount"] for entry in lines for t in entry["taxes"])
    subtotal = sum(entry["amount"] for entry in lines)
    invoice |= {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - sum(map(_inclusive, lines)),
        "total_excluding_tax": net,
        "total": net + tax,
        "amount_due": max(net + tax, 0),
        "total_taxes": [{"amount": tax, "tax_behavior": "exclusive", "taxable_amount": net}] if tax else [],
    }


def repeat_discounts(invoice: Document) -> None:
    """List the lines' coupons on the invoice too, after its own, and the invoice's on the lines."""
    own = list(invoice["discounts"])
    known = {discount["id"]: discount for entry in invoice["lines"]["data"] for discount in entry["discounts"]}
    invoice["discounts"] = own + [discount for key, discount in known.items() if key not in {d["id"] for d in own}]
    for entry in invoice["lines"]["data"]:
        entry["discounts"] = entry["discounts"] + [d for d in own if entry["amount"] > 0]


def _left(entry: Document) -> int:
    return int(entry["amount"]) - sum(discount["amount"] for discount in entry["discount_amounts"])


def _discount(lines: Sequence[Document], discount: Document) -> None:
    coupon = COUPON[discount["source"]["coupon"]]
    products = (coupon["applies_to"] or {}).get("products")
    touched = [e for e in lines if not products or e["pricing"]["price_details"]["product"] in products]
    if coupon["percent_off"] is not None:
        share = Fraction(str(coupon["percent_off"])) / 100
        for entry in touched:
            entry["discount_amounts"].append({"amount": cents(_left(entry) * share), "discount": discount["id"]})
        return
    touched = [entry for entry in touched if entry["currency"] == coupon["currency"]]
    total = sum(map(_left, touched))
    off = min(coupon["amount_off"], total)
    for number, entry in enumerate(touched):
        rest = sum(map(_left, touched[number:]))
        part = off if number == len(touched) - 1 else (cents(Fraction(off * _left(entry), rest)) if rest else 0)
        entry["discount_amounts"].append({"amount": part, "discount": discount["id"]})
        off -= part


def _tax(entry: Document, percent: int, unspecified_inclusive: bool) -> None:
    if not percent:
        return
    behaviour = PRICE[entry["pricing"]["price_details"]["price"]]["tax_behavior"]
    if behaviour == "unspecified":
        behaviour = "inclusive" if unspecified_inclusive else "exclusive"
    taxable = _left(entry)
    if behaviour == "inclusive":
        net = cents(Fraction(taxable * 100, 100 + percent))
        tax: dict[str, Any] = {"amount": taxable - net, "tax_behavior": "inclusive", "taxable_amount": net}
    else:
        tax = {
            "amount": cents(Fraction(taxable * percent, 100)),
            "tax_behavior": "exclusive",
            "taxable_amount": taxable,
        }
    entry["taxes"].append(tax)


def _inclusive(entry: Document) -> int:
    return sum(tax["amount"] for tax in entry["taxes"] if tax["tax_behavior"] == "inclusive")


def _net(entry: Document) -> int:
    return _left(entry) - _inclusive(entry)
