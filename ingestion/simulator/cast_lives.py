"""Scenes about how subscriptions live and end: anchors, edges of days, pauses, failures, returns, replacements.

What is bought is in cast_plans.py, corrections are in cast_billing.py.
"""

from datetime import timedelta

from ingestion.simulator import catalogue as shop
from ingestion.simulator.clock import DAY, HOUR, MINUTE, first_of_month, instant_of, local_date, local_midnight
from ingestion.simulator.desk import Desk
from ingestion.simulator.ledger import Cause
from ingestion.simulator.scene import EXTRA_EUR, MONTH, PROFESSIONAL_EUR, STARTER_EUR, Play, Scene, prepare, subscribe

LONGEST_MONTH = 31


def _last_day_of_a_long_month(desk: Desk, at: int) -> None:
    """Anchored on the 31st: renewals fall on the last day of shorter months."""
    day = local_date(instant_of(at))
    while day.day != LONGEST_MONTH:
        day += timedelta(days=1)
    desk.at(local_midnight(day) + 11 * HOUR, lambda now: subscribe(desk, now, [(PROFESSIONAL_EUR, 1)]))


def _midnight(desk: Desk, at: int) -> None:
    """Starts, grows and ends exactly on local midnights: each belongs to the day that begins."""
    first = local_date(instant_of(at))

    def begin(now: int) -> None:
        subscription = subscribe(desk, now, [(STARTER_EUR, 1)])
        grow = local_midnight(first_of_month(first, 4))
        wanted = [(PROFESSIONAL_EUR, 1)]
        desk.at(grow, lambda then: subscription.change(then, wanted, Cause.UPGRADE, proration="invoice"))
        desk.at(local_midnight(first_of_month(first, 9)), subscription.cancel)

    desk.at(local_midnight(first_of_month(first, 1)), begin)


def _clock_change(desk: Desk, at: int) -> None:
    """Changes seats twice within the hour that a clock shows twice, on the last Sunday of October."""
    subscription = subscribe(desk, at, [(shop.SEATS["EUR"], 11)])
    day = local_date(instant_of(at)).replace(month=10, day=31)
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    repeated = local_midnight(sunday) + 2 * HOUR + 30 * MINUTE
    for moment, seats in ((repeated, 12), (repeated + HOUR, 15)):
        wanted = [(shop.SEATS["EUR"], seats)]
        desk.at(
            moment,
            lambda now, wanted=wanted: subscription.change(  # type: ignore[misc]
                now, wanted, Cause.SEAT_CHANGE, proration="invoice"
            ),
        )


def _pauses(behavior: str, pause_days: int) -> Play:
    def play(desk: Desk, at: int) -> None:
        subscription = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)])
        desk.at(at + 68 * DAY, lambda now: subscription.set_pause(now, behavior))
        desk.at(at + (68 + pause_days) * DAY, lambda now: subscription.set_pause(now, None))

    return play


def _fails(outcome: str) -> Play:
    def play(desk: Desk, at: int) -> None:
        subscription = prepare(desk, at, [(STARTER_EUR, 1), (EXTRA_EUR, 2)])
        subscription.failures[3] = outcome
        subscription.start(at)

    return play


def _leaves_and_returns(desk: Desk, at: int) -> None:
    first = subscribe(desk, at, [(STARTER_EUR, 1)])
    desk.at(at + 75 * DAY, first.schedule_cancel)
    desk.at(at + 190 * DAY, lambda now: subscribe(desk, now, [(PROFESSIONAL_EUR, 1)], customer=first.customer))


def _changes_mind(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)])
    desk.at(at + 40 * DAY, subscription.schedule_cancel)
    desk.at(at + 47 * DAY, subscription.keep)


def _one_month_only(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(STARTER_EUR, 1)])
    desk.at(at + 12 * DAY, subscription.cancel)


def _is_replaced(desk: Desk, at: int) -> None:
    """Cancelled and bought anew in the same second: no churn, an expansion."""
    first = subscribe(desk, at, [(STARTER_EUR, 1)])

    def replace(now: int) -> None:
        first.cancel(now, cause=Cause.REPLACEMENT)
        subscribe(desk, now, [(PROFESSIONAL_EUR, 1)], customer=first.customer)

    desk.at(at + 130 * DAY, replace)


def _moves_to_dollars(desk: Desk, at: int) -> None:
    first = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)])

    def move(now: int) -> None:
        first.cancel(now, cause=Cause.REPLACEMENT)
        dollars = desk.open_customer(now, "USD")
        subscribe(desk, now, [(shop.MONTHLY[shop.PROFESSIONAL, "USD"], 1)], customer=dollars)

    desk.at(at + 150 * DAY, move)


def _buys_a_second(desk: Desk, at: int) -> None:
    first = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)])

    def add(now: int) -> None:
        second = subscribe(desk, now, [(STARTER_EUR, 1)], customer=first.customer)
        desk.at(now + 110 * DAY, second.cancel)

    desk.at(at + 60 * DAY, add)


def _second_currency(desk: Desk, at: int) -> None:
    subscribe(desk, at, [(STARTER_EUR, 1)])

    def add(now: int) -> None:
        pounds = desk.open_customer(now, "GBP")
        subscribe(desk, now, [(shop.MONTHLY[shop.STARTER, "GBP"], 1)], customer=pounds)

    desk.at(at + 80 * DAY, add)


def _never_pays(desk: Desk, at: int) -> None:
    """The first payment fails; later attempts too; then it works."""
    customer = desk.open_customer(at)
    for attempt in range(3):
        desk.at(
            at + attempt * 6 * MONTH,
            lambda now: prepare(desk, now, [(STARTER_EUR, 1)], customer=customer).start(now, incomplete=True),
        )
    desk.at(at + 13 * MONTH, lambda now: subscribe(desk, now, [(STARTER_EUR, 1)], customer=customer))


def _trial_that_pauses(desk: Desk, at: int) -> None:
    subscription = prepare(desk, at, [(STARTER_EUR, 1)])
    subscription.without_card = "pause"
    subscription.start(at, trial_days=14)


def _trial_of_a_year(desk: Desk, at: int) -> None:
    """A month of trial, then a year at once, with a rebate that began in the trial."""
    yearly = shop.YEARLY[shop.PROFESSIONAL, "EUR"]
    prepare(desk, at, [(yearly, 1)]).start(at, trial_days=30, coupons=[shop.LOYAL_10])


def _goes_yearly_and_back(desk: Desk, at: int) -> None:
    subscription = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)])
    yearly = [(shop.YEARLY[shop.PROFESSIONAL, "EUR"], 1)]
    desk.at(at + 70 * DAY, lambda now: subscription.change(now, yearly, Cause.UPGRADE, proration="invoice"))
    desk.at(
        at + 400 * DAY,
        lambda now: subscription.change(now, [(STARTER_EUR, 1)], Cause.DOWNGRADE, proration="invoice"),
    )


LIFE_SCENES = (
    Scene("last day of a long month", 0, 20, _last_day_of_a_long_month),
    Scene("midnight", 1, 10, _midnight),
    Scene("clock change", 3, 18, _clock_change),
    Scene("pause, void", 2, 3, _pauses("void", 70)),
    Scene("pause, drafts", 4, 3, _pauses("keep_as_draft", 45)),
    Scene("pause, uncollectible", 5, 9, _pauses("mark_uncollectible", 33)),
    Scene("pause within a period", 7, 3, _pauses("void", 9)),
    Scene("fails and recovers", 3, 8, _fails("recovers")),
    Scene("fails and is cancelled", 4, 12, _fails("canceled")),
    Scene("fails and stays unpaid", 2, 16, _fails("unpaid")),
    Scene("fails, unpaid, cancelled", 6, 21, _fails("unpaid then canceled")),
    Scene("fails, unpaid, pays", 5, 25, _fails("unpaid then paid")),
    Scene("leaves and returns", 1, 28, _leaves_and_returns),
    Scene("changes mind", 8, 14, _changes_mind),
    Scene("one month only", 6, 3, _one_month_only),
    Scene("is replaced", 3, 22, _is_replaced),
    Scene("moves to dollars", 4, 17, _moves_to_dollars),
    Scene("buys a second", 5, 6, _buys_a_second),
    Scene("second currency", 7, 12, _second_currency),
    Scene("never pays at first", 1, 7, _never_pays),
    Scene("trial that pauses", 9, 9, _trial_that_pauses),
    Scene("trial of a year", 3, 2, _trial_of_a_year),
    Scene("yearly and back", 2, 5, _goes_yearly_and_back),
)
