"""Prices, tiers, coupons and the MRR they give; invoices are tested in test_billing.py."""

from decimal import Decimal
from fractions import Fraction

import pytest

from ingestion.simulator import catalogue as shop
from ingestion.simulator.pricing import (
    Coupon,
    Discount,
    Price,
    PricedItem,
    charges,
    full_charge,
    monthly_recurring,
    round_money,
)

GERMAN = Fraction(19, 100)
STARTER = shop.MONTHLY[shop.STARTER, "EUR"]
PROFESSIONAL = shop.MONTHLY[shop.PROFESSIONAL, "EUR"]


def given(coupon: Coupon) -> Discount:
    return Discount("di_1", coupon, 0, None, "cus_1")


def mrr(*items: PricedItem, coupons: tuple[Coupon, ...] = (), forever_only: bool = True) -> Decimal:
    return sum(monthly_recurring(items, [given(coupon) for coupon in coupons], GERMAN, forever_only=forever_only))


def test_graduated_tiers__bill_each_tier_its_own_part() -> None:
    assert full_charge(shop.SEATS["EUR"], 26) == 10 * 3900 + 15 * 3400 + 1 * 2900
    assert [quantity for quantity, _, _ in charges(shop.SEATS["EUR"], 26)] == [10, 15, 1]


def test_volume_tiers__bill_everything_at_the_tier_reached_and_its_fee() -> None:
    assert full_charge(shop.VOLUME_SEATS, 21) == 21 * 2400 + 9900
    assert full_charge(shop.VOLUME_SEATS, 20) == 20 * 2800 + 9900


def test_transformed_quantity__rounds_packs_up_and_keeps_the_quantity_held() -> None:
    assert charges(shop.PACKS_OF_FIVE, 11) == [(11, Decimal(5900), Fraction(3 * 5900))]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (shop.YEARLY[shop.STARTER, "EUR"], "82.5000"),
        (shop.QUARTERLY, "283.3333"),
        (shop.WEEKLY, "108.3333"),
        (shop.EVERY_TEN_DAYS, "106.4583"),
        (shop.MONTHLY[shop.STARTER, "JPY"], "14800.0000"),
        (shop.INCLUSIVE, "100.0000"),
        (shop.METERED, "0.0000"),
        (shop.FREE, "0.0000"),
        (shop.RETAINER, "0.0000"),
    ],
)
def test_mrr__is_the_net_price_of_a_month(price: Price, expected: str) -> None:
    assert mrr(PricedItem(price, 1)) == Decimal(expected)


def test_inclusive_mrr__is_net_as_the_invoice_rounds_its_tax() -> None:
    # 2990.00 holds 477.39 of tax, so a year is 2512.61 net.
    assert mrr(PricedItem(shop.INCLUSIVE_YEAR, 1)) == Decimal("209.3842")


def test_headline__takes_off_forever_coupons_only() -> None:
    item = PricedItem(PROFESSIONAL, 1)
    coupons = (shop.LOYAL_10, shop.LAUNCH_20)
    assert mrr(item, coupons=coupons) == Decimal("269.1000")
    assert mrr(item, coupons=coupons, forever_only=False) == Decimal("215.2800")


def test_amount_off__is_spread_in_proportion_and_by_the_month() -> None:
    items = (PricedItem(STARTER, 1), PricedItem(shop.MONTHLY[shop.EXTRA_AGENTS, "EUR"], 3))
    assert mrr(*items, coupons=(shop.TWENTY_OFF,)) == Decimal("124.0000")
    assert mrr(PricedItem(shop.YEARLY[shop.STARTER, "EUR"], 1), coupons=(shop.TWENTY_OFF,)) == Decimal("80.8333")


def test_amount_off__never_goes_below_zero_nor_into_another_currency() -> None:
    huge = Coupon("HUGE", "forever", amount_off=99_999, currency="EUR")
    assert mrr(PricedItem(STARTER, 1), coupons=(huge,)) == Decimal("0.0000")
    dollars = PricedItem(shop.MONTHLY[shop.STARTER, "USD"], 1)
    assert mrr(dollars, coupons=(shop.TWENTY_OFF,)) == Decimal("109.0000")


def test_limited_coupon__touches_its_product_only() -> None:
    items = (PricedItem(PROFESSIONAL, 1), PricedItem(shop.MONTHLY[shop.EXTRA_AGENTS, "EUR"], 2))
    assert mrr(*items, coupons=(shop.PLAN_ONLY_25,)) == Decimal("254.2500")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Fraction(1, 20_000), "0.0001"), (Fraction(-1, 20_000), "-0.0001"), (Fraction(1, 3), "0.3333")],
)
def test_money__is_rounded_half_away_from_zero(value: Fraction, expected: str) -> None:
    assert round_money(value) == Decimal(expected)
