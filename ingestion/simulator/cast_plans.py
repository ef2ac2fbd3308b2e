"""Scenes about what is bought: every kind of price, quantity, tier, tax, currency and coupon.

Lives (pauses, endings) are in cast_lives.py, corrections in cast_billing.py.
"""

from ingestion.simulator import catalogue as shop
from ingestion.simulator.clock import DAY, add_months
from ingestion.simulator.desk import Desk
from ingestion.simulator.ledger import Cause
from ingestion.simulator.pricing import Coupon, Price
from ingestion.simulator.scene import EXTRA_EUR, MONTH, PROFESSIONAL_EUR, STARTER_EUR, Play, Scene, Wanted, subscribe


def _holds(*wanted: Wanted, coupons: tuple[Coupon, ...] = ()) -> Play:
    """Buys and keeps it."""

    def play(desk: Desk, at: int) -> None:
        subscribe(desk, at, wanted, coupons=coupons)

    return play


def _grows(price: Price, quantities: tuple[int, ...], *, beside: tuple[Wanted, ...] = (), proration: str) -> Play:
    """Buys the first quantity, then takes the next every seven weeks."""

    def play(desk: Desk, at: int) -> None:
        subscription = subscribe(desk, at, [*beside, (price, quantities[0])])
        for step, quantity in enumerate(quantities[1:], start=1):
            wanted = [*beside, (price, quantity)]
            desk.at(
                at + step * 49 * DAY,
                lambda now, wanted=wanted: subscription.change(  # type: ignore[misc]
                    now, wanted, Cause.SEAT_CHANGE, proration=proration
                ),
            )

    return play


def _adds_and_drops_an_item(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)])
    more: list[Wanted] = [(PROFESSIONAL_EUR, 1), (EXTRA_EUR, 3)]
    desk.at(at + 3 * MONTH, lambda now: subscription.change(now, more, Cause.SEAT_CHANGE, proration="next"))
    desk.at(
        at + 7 * MONTH,
        lambda now: subscription.change(now, [(PROFESSIONAL_EUR, 1)], Cause.SEAT_CHANGE, proration="invoice"),
    )


def _free_first(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(shop.FREE, 1)])
    desk.at(
        at + 5 * MONTH, lambda now: subscription.change(now, [(STARTER_EUR, 1)], Cause.UPGRADE, proration="invoice")
    )


def _old_price(desk: Desk, at: int) -> None:
    """Held at an old price until it is raised exactly at a renewal."""
    subscription = subscribe(desk, at, [(shop.STARTER_OLD, 1)])

    def raise_price(now: int) -> None:
        subscription.change(now, [(STARTER_EUR, 1)], Cause.PRICE_CHANGE, proration="none")

    # The new price and the renewal share an instant; Stripe's own order (first the change) is put on the agenda early.
    desk.at(add_months(at, 5), raise_price)


def _item_coupon(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(PROFESSIONAL_EUR, 1), (EXTRA_EUR, 4)], coupons=[shop.LOYAL_10])
    desk.at(at + 2 * MONTH, lambda now: subscription.give(now, shop.PARTNER_15, item=1))


def _customer_coupon(desk: Desk, at: int) -> None:
    customer = desk.open_customer(at)
    desk.give_customer_discount(customer, shop.LOYAL_10, at)
    subscription = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)], customer=customer)
    # Its own coupon displaces the customer's while it runs.
    desk.at(at + 4 * MONTH, lambda now: subscription.give(now, shop.LAUNCH_20))


def _once_in_between(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(STARTER_EUR, 1)])
    desk.at(at + 100 * DAY, lambda now: subscription.give(now, shop.WELCOME_50))
    desk.at(at + 200 * DAY, lambda now: subscription.give(now, shop.LOYAL_10))
    desk.at(at + 330 * DAY, subscription.take_back)


PLAN_SCENES = (
    Scene("metered", 1, 4, _holds((STARTER_EUR, 1), (shop.METERED, None))),
    Scene("free first", 2, 9, _free_first),
    Scene("volume tiers", 3, 12, _grows(shop.VOLUME_SEATS, (18, 22, 55, 40), proration="invoice")),
    Scene("flat first tier", 2, 20, _grows(shop.FLAT_TIER, (4, 5, 12), proration="next")),
    Scene("graduated seats", 4, 6, _grows(shop.SEATS["EUR"], (9, 26, 31, 12), proration="none")),
    Scene(
        "packs of five",
        5,
        3,
        _grows(shop.PACKS_OF_FIVE, (7, 11, 10), beside=((PROFESSIONAL_EUR, 1),), proration="invoice"),
    ),
    Scene("fractions of cents", 6, 17, _holds((PROFESSIONAL_EUR, 1), (shop.CENT_FRACTIONS, 5001))),
    Scene("retainer beside a plan", 7, 8, _holds((PROFESSIONAL_EUR, 1), (shop.RETAINER, 1))),
    Scene("quarterly", 1, 15, _holds((shop.QUARTERLY, 1))),
    Scene("weekly", 8, 11, _holds((shop.WEEKLY, 1))),
    Scene("every ten days", 9, 2, _holds((shop.EVERY_TEN_DAYS, 1))),
    Scene("gross monthly", 3, 27, _holds((shop.INCLUSIVE, 1), coupons=(shop.LOYAL_10,))),
    Scene("gross yearly", 4, 22, _holds((shop.INCLUSIVE_YEAR, 1))),
    Scene("gross by its tax alone", 5, 19, _holds((shop.UNSPECIFIED, 1))),
    Scene("gross without tax", 5, 20, _holds((shop.INCLUSIVE, 1)), country="AT"),
    Scene("twelve items", 6, 5, _holds((PROFESSIONAL_EUR, 1), *((price, 1) for price in shop.WORKSPACES))),
    Scene("yen", 7, 21, _holds((shop.MONTHLY[shop.STARTER, "JPY"], 1)), country="JP"),
    Scene(
        "pounds by the year",
        2,
        13,
        _holds((shop.YEARLY[shop.PROFESSIONAL, "GBP"], 1), coupons=(shop.PARTNER_15,)),
        country="GB",
    ),
    Scene("dollar seats", 8, 24, _grows(shop.SEATS["USD"], (14, 19, 16), proration="next"), country="US"),
    Scene("adds and drops an item", 3, 5, _adds_and_drops_an_item),
    Scene("old price", 1, 23, _old_price),
    Scene("amount off two items", 4, 10, _holds((STARTER_EUR, 1), (EXTRA_EUR, 3), coupons=(shop.TWENTY_OFF,))),
    Scene("coupons in a row", 5, 14, _holds((PROFESSIONAL_EUR, 1), coupons=(shop.LOYAL_10, shop.TWENTY_OFF))),
    Scene(
        "coupon for the plan only", 6, 25, _holds((PROFESSIONAL_EUR, 1), (EXTRA_EUR, 2), coupons=(shop.PLAN_ONLY_25,))
    ),
    Scene("amount off by the year", 7, 7, _holds((shop.YEARLY[shop.STARTER, "EUR"], 1), coupons=(shop.TWENTY_OFF,))),
    Scene("amount off for half a year", 9, 16, _holds((PROFESSIONAL_EUR, 1), coupons=(shop.HALF_YEAR_30,))),
    Scene("item coupon", 8, 4, _item_coupon),
    Scene("customer coupon", 6, 13, _customer_coupon),
    Scene("once in between", 2, 26, _once_in_between),
)
