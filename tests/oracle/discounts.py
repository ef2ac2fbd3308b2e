"""Coupons: which are in force at an instant, and what they leave of a subscription's items (METRICS 2.2).

Belongs here: coupons' periods, order and spreading. Does not: where an item's list of discounts comes from (history).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.oracle.clock import instant
from tests.oracle.inputs import JsonObject
from tests.oracle.invoice_lines import is_proration, item_of
from tests.oracle.money import minor_unit
from tests.oracle.prices import currency_of, is_licensed, months_of
from tests.oracle.stripe_books import StripeBooks, reference, references


@dataclass(frozen=True)
class OnceUse:
    """A `once` coupon at work: in force in the service period of the invoice it was used on.

    `item_id` is None where the whole subscription was discounted; `order` is what the invoice (or line) listed.
    """

    discount_id: str
    item_id: str | None
    start: datetime
    end: datetime
    order: tuple[str, ...]

    def is_in_force(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def listed_on_subscription(books: StripeBooks, invoice: JsonObject) -> list[str]:
    """An invoice's coupons that are on no single item: its list may repeat those of its lines."""
    return [
        discount_id
        for discount_id in references(invoice.get("discounts"))
        if not books.discounts.get(discount_id, {}).get("subscription_item")
    ]


def listed_on_item(books: StripeBooks, invoice: JsonObject, line: JsonObject) -> list[str]:
    """A line's coupons that are on its item: its list may repeat those of the invoice."""
    of_all = listed_on_subscription(books, invoice)
    return [discount_id for discount_id in references(line.get("discounts")) if discount_id not in of_all]


def once_uses(books: StripeBooks, subscription_id: str) -> list[OnceUse]:
    uses = []
    for invoice in books.invoices_by_subscription.get(subscription_id, ()):
        lines = [line for line in invoice["lines"]["data"] if item_of(line) is not None and not is_proration(line)]
        if not lines:
            continue
        start = instant(min(line["period"]["start"] for line in lines))
        end = instant(max(line["period"]["end"] for line in lines))
        listed = {None: tuple(listed_on_subscription(books, invoice))}
        listed |= {item_of(line): tuple(listed_on_item(books, invoice, line)) for line in lines}
        for item_id, order in listed.items():
            for discount_id in order:
                discount = books.discounts.get(discount_id)
                if discount is not None and books.coupon_of(discount).get("duration") == "once":
                    uses.append(OnceUse(discount_id, item_id, start, end, order))
    return uses


def is_in_force(books: StripeBooks, discount_id: str, moment: datetime, uses: Iterable[OnceUse]) -> bool:
    """From `start` (inclusive) to `end` (exclusive); a `once` coupon only where it was used."""
    discount = books.discounts.get(discount_id)
    if discount is None:
        return False
    if books.coupon_of(discount).get("duration") == "once":
        return any(use.discount_id == discount_id and use.is_in_force(moment) for use in uses)
    end = discount.get("end")
    return instant(discount["start"]) <= moment and (end is None or moment < instant(end))


def customers_own(books: StripeBooks, customer_id: str, moment: datetime, uses: Iterable[OnceUse]) -> tuple[str, ...]:
    """The customer's own discounts in force at a moment; one that was taken away is in force no more."""
    used = list(uses)
    return tuple(
        discount["id"]
        for discount in books.customer_discounts.get(customer_id, ())
        if is_in_force(books, discount["id"], moment, used)
        and ((deleted := books.deletions.get(discount["id"])) is None or moment < deleted)
    )


def in_listed_order(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Several lists as one: by the place a coupon has in any of them, then by its id."""
    places: dict[str, int] = {}
    for listed in lists:
        for place, discount_id in enumerate(listed):
            places[discount_id] = min(place, places.get(discount_id, place))
    return tuple(sorted(places, key=lambda discount_id: (places[discount_id], discount_id)))


@dataclass
class DiscountedItem:
    """One licensed item on its way through the coupons: `left` is what is left a month, gross."""

    price: JsonObject
    own: Sequence[str]
    subscriptions: Sequence[str]
    left: Fraction


def apply_discounts(books: StripeBooks, items: Sequence[DiscountedItem], *, only_forever: bool) -> None:
    """Take coupons off `left`: item coupons first, then the subscription's, in listed order on what is left."""

    def counts(discount_id: str) -> bool:
        duration = books.coupon_of(books.discounts[discount_id]).get("duration")
        return not only_forever or duration == "forever"

    for item in items:
        for discount_id in filter(counts, item.own):
            _take_off(books, discount_id, [item])
    ordered = dict.fromkeys(discount_id for item in items for discount_id in item.subscriptions)
    for discount_id in filter(counts, ordered):
        _take_off(books, discount_id, [item for item in items if discount_id in item.subscriptions])


def _take_off(books: StripeBooks, discount_id: str, items: Sequence[DiscountedItem]) -> None:
    coupon = books.coupon_of(books.discounts[discount_id])
    products = (coupon.get("applies_to") or {}).get("products")
    touched = [i for i in items if is_licensed(i.price) and (not products or reference(i.price["product"]) in products)]
    if coupon.get("percent_off") is not None:
        for item in touched:
            item.left *= 1 - Fraction(str(coupon["percent_off"])) / 100
        return
    currency = str(coupon["currency"]).upper()
    touched = [item for item in touched if currency_of(item.price) == currency]
    # What each item puts on an invoice, which is what the amount is taken off of.
    billed = [item.left * months_of(item.price) for item in touched]
    total = sum(billed)
    if not total:
        return
    off = min(Fraction(coupon["amount_off"], minor_unit(currency)) / total, Fraction(1))
    for item in touched:
        item.left *= 1 - off
