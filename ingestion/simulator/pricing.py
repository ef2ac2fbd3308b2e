"""What things cost: prices, tiers, coupons, tax, and the monthly recurring revenue that follows from them.

Pure arithmetic over exact fractions; minor units are integers, money in major units is Decimal. Nothing here knows
time (except the span a discount covers), Stripe's objects or the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

ZERO_DECIMAL = frozenset({"JPY"})
MONEY_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Product:
    """A thing sold; `revenue_type` is None where the owner never filled the metadata in."""

    id: str
    name: str
    plan: str | None = None
    revenue_type: str | None = None


@dataclass(frozen=True)
class Tier:
    """One step of a tiered price, in minor units; `up_to` is None for the last."""

    up_to: int | None
    unit: Decimal
    flat: int = 0


@dataclass(frozen=True)
class Price:
    """A price in one currency; `unit` in minor units (fractions of a cent allowed), None when tiered."""

    id: str
    product: Product
    currency: str
    unit: Decimal | None
    interval: str | None = "month"
    interval_count: int = 1
    usage: str = "licensed"
    tax_behavior: str = "exclusive"
    tiers: tuple[Tier, ...] = ()
    tiers_mode: str | None = None
    divide_by: int | None = None

    @property
    def is_recurring(self) -> bool:
        """Whether it is billed every interval."""
        return self.interval is not None

    @property
    def is_licensed(self) -> bool:
        """Whether it is billed every interval for the quantity held."""
        return self.is_recurring and self.usage == "licensed"

    @property
    def counts_in_mrr(self) -> bool:
        """Whether its items may carry MRR at all."""
        return self.is_licensed and self.product.revenue_type != "services"

    @property
    def per_month(self) -> Fraction:
        """How many of its intervals a month holds."""
        spans = {"month": Fraction(1), "year": Fraction(1, 12), "week": Fraction(52, 12), "day": Fraction(365, 12)}
        return spans[str(self.interval)] / self.interval_count


@dataclass(frozen=True)
class Coupon:
    """A rebate: `percent` off, or `amount_off` minor units of `currency` off each invoice."""

    id: str
    duration: str
    percent: Decimal | None = None
    amount_off: int | None = None
    currency: str | None = None
    months: int | None = None
    product_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Discount:
    """A coupon given to a customer, a subscription or an item, in force from `start` to `end` (exclusive)."""

    id: str
    coupon: Coupon
    start: int
    end: int | None
    customer_id: str
    subscription_id: str | None = None
    item_id: str | None = None
    level: str = "subscription"

    def touches(self, price: Price) -> bool:
        """Whether the coupon may reduce items of this price."""
        return not self.coupon.product_ids or price.product.id in self.coupon.product_ids


@dataclass(frozen=True)
class PricedItem:
    """What an item costs at an instant: its price, quantity, own discounts and the tax rate of its customer."""

    price: Price
    quantity: int | None
    discounts: tuple[Discount, ...] = ()


def exponent(currency: str) -> int:
    """Decimal places of the currency's minor unit."""
    return 0 if currency in ZERO_DECIMAL else 2


def to_major(minor: Fraction | int, currency: str) -> Decimal:
    """Minor units as money, rounded half away from zero to 4 decimals."""
    return round_money(Fraction(minor) / 10 ** exponent(currency))


def round_money(value: Fraction) -> Decimal:
    """Half away from zero to 4 decimals."""
    scaled = abs(value) * 10_000
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (Decimal(whole if value >= 0 else -whole) * MONEY_PLACES).quantize(MONEY_PLACES)


def round_minor(value: Fraction) -> int:
    """Half away from zero to whole minor units."""
    size = abs(value)
    whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return whole if value >= 0 else -whole


def charges(price: Price, quantity: int) -> list[tuple[int, Decimal, Fraction]]:
    """The (quantity, unit, amount in minor units) that one interval of `quantity` is billed as, a line each.

    A graduated price bills a line a tier; a flat fee is a line of its own with quantity 0.
    """
    if not price.tiers:
        assert price.unit is not None
        billed = -(-quantity // price.divide_by) if price.divide_by else quantity
        return [(quantity, price.unit, Fraction(price.unit) * billed)]
    lines: list[tuple[int, Decimal, Fraction]] = []
    below = 0
    for tier in price.tiers:
        inside = quantity if tier.up_to is None else min(quantity, tier.up_to)
        is_last = inside == quantity
        if price.tiers_mode == "volume":
            if is_last:
                return [(quantity, tier.unit, Fraction(tier.unit) * quantity), *_flat(tier)]
            continue
        if inside > below:
            lines += [(inside - below, tier.unit, Fraction(tier.unit) * (inside - below)), *_flat(tier)]
        below = inside
        if is_last:
            break
    return lines


def _flat(tier: Tier) -> list[tuple[int, Decimal, Fraction]]:
    return [(0, Decimal(tier.flat), Fraction(tier.flat))] if tier.flat else []


def full_charge(price: Price, quantity: int) -> Fraction:
    """Minor units of one interval of `quantity`, before discounts."""
    return sum((amount for _, _, amount in charges(price, quantity)), Fraction(0))


def inclusive_tax(gross: int, rate: Fraction) -> int:
    """The tax contained in a gross amount of minor units, as an invoice rounds it."""
    return gross - round_minor(Fraction(gross) / (1 + rate))


def monthly_recurring(
    items: Sequence[PricedItem], discounts: Sequence[Discount], tax_rate: Fraction, *, forever_only: bool
) -> list[Decimal]:
    """MRR of each of a subscription's items in major units, to 4 decimals; zero for what carries none.

    `discounts` are those in force on the subscription, in listed order; each item's own come first.
    `forever_only` takes off contract coupons alone (the headline); otherwise every coupon given counts.
    """
    amounts = [
        full_charge(item.price, item.quantity or 0) * item.price.per_month if item.price.is_licensed else Fraction(0)
        for item in items
    ]
    for index, item in enumerate(items):
        for discount in item.discounts:
            if not forever_only or discount.coupon.duration == "forever":
                _take_off(amounts, items, discount.coupon, [index])
    for discount in discounts:
        if not forever_only or discount.coupon.duration == "forever":
            touched = [i for i, item in enumerate(items) if item.price.is_licensed and discount.touches(item.price)]
            _take_off(amounts, items, discount.coupon, touched)
    return [
        to_major(_net(amount, item.price, tax_rate) if item.price.counts_in_mrr else Fraction(0), item.price.currency)
        for amount, item in zip(amounts, items, strict=True)
    ]


def _net(amount: Fraction, price: Price, tax_rate: Fraction) -> Fraction:
    if price.tax_behavior == "exclusive" or not amount:
        return amount
    gross = round_minor(amount / price.per_month)
    return amount * Fraction(gross - inclusive_tax(gross, tax_rate), gross)


def _take_off(amounts: list[Fraction], items: Sequence[PricedItem], coupon: Coupon, touched: list[int]) -> None:
    if coupon.percent is not None:
        for index in touched:
            amounts[index] *= 1 - Fraction(coupon.percent) / 100
        return
    total = sum((amounts[index] for index in touched), Fraction(0))
    if not total or coupon.amount_off is None:
        return
    for index in touched:
        price = items[index].price
        if price.currency == coupon.currency:
            share = coupon.amount_off * price.per_month * amounts[index] / total
            amounts[index] = max(Fraction(0), amounts[index] - share)
