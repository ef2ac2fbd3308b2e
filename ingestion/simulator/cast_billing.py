"""Scenes about invoices outside subscriptions, corrections, and customers the books cannot place.

What is bought is in cast_plans.py, how it lives in cast_lives.py.
"""

from ingestion.simulator import catalogue as shop
from ingestion.simulator.books import Json
from ingestion.simulator.clock import DAY
from ingestion.simulator.corrections import bill_one_off, credit, refund_bare_charge, refund_part
from ingestion.simulator.desk import Customer, Desk
from ingestion.simulator.scene import PROFESSIONAL_EUR, STARTER_EUR, Play, Scene, prepare, subscribe

SETUP, SERVICE_DAY = shop.SETUP_FEE["EUR"], shop.SERVICE_DAY["EUR"]


def _one_offs(*fates: str) -> Play:
    """A customer whose service invoices meet every fate, a month apart."""

    def play(desk: Desk, at: int) -> None:
        customer = subscribe(desk, at, [(STARTER_EUR, 1)]).customer
        for number, fate in enumerate(fates, start=1):
            desk.at(
                at + number * 31 * DAY,
                lambda now, fate=fate: _bill(desk, customer, now, fate),  # type: ignore[misc]
            )

    return play


def _bill(desk: Desk, customer: Customer, at: int, fate: str) -> None:
    bill_one_off(customer, [(SETUP, 1), (SERVICE_DAY, 2)], at, fate=fate)


def _long_invoice(desk: Desk, at: int) -> None:
    """More lines than an embedded list shows."""
    customer = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)]).customer
    wanted = [(SERVICE_DAY, 1 + number % 3) for number in range(12)] + [(shop.WORKSHOP_FEE, 1), (SETUP, 1)]
    desk.at(at + 20 * DAY, lambda now: bill_one_off(customer, wanted, now))


def _credited(desk: Desk, at: int) -> None:
    """Credit notes on an open invoice, on a paid one with its refund, and one without an invoice line."""
    customer = subscribe(desk, at, [(PROFESSIONAL_EUR, 1)]).customer
    opened: list[Json] = []
    desk.at(at + 10 * DAY, lambda now: opened.append(bill_one_off(customer, [(SERVICE_DAY, 3)], now, fate="open")))
    desk.at(at + 30 * DAY, lambda now: opened.append(bill_one_off(customer, [(SETUP, 1)], now)))

    def credit_open(now: int) -> None:
        invoice = desk.books.latest(opened[0]["id"])
        credit(customer, invoice, [(invoice["lines"]["data"][0]["id"], 38000)], now)

    def credit_paid(now: int) -> None:
        invoice = desk.books.latest(opened[1]["id"])
        credit(customer, invoice, [(invoice["lines"]["data"][0]["id"], 10000)], now, refunds=True)

    def goodwill(now: int) -> None:
        credit(customer, desk.books.latest(opened[1]["id"]), [(None, 5000)], now)

    desk.at(at + 25 * DAY, credit_open)
    desk.at(at + 50 * DAY, credit_paid)
    desk.at(at + 58 * DAY, goodwill)


def _refunded(desk: Desk, at: int) -> None:
    """Refunds in full, in part, one that failed, and one of a charge no invoice asked for."""
    subscription = subscribe(desk, at, [(STARTER_EUR, 1)])
    customer = subscription.customer

    def refund(now: int, percent: int, status: str = "succeeded") -> None:
        invoice = desk.books.latest(str(subscription.latest_invoice))
        refund_part(customer, invoice, percent, now, status=status)

    desk.at(at + 5 * DAY, lambda now: refund(now, 100))
    desk.at(at + 40 * DAY, lambda now: refund(now, 33))
    desk.at(at + 70 * DAY, lambda now: refund(now, 50, "failed"))
    desk.at(at + 90 * DAY, lambda now: refund_bare_charge(customer, 4900, now))


def _mixed_refund(desk: Desk, at: int) -> None:
    """A refund over an invoice of two revenue types."""
    customer = subscribe(desk, at, [(STARTER_EUR, 1)]).customer
    billed: list[Json] = []
    desk.at(at + 9 * DAY, lambda now: billed.append(bill_one_off(customer, [(SETUP, 1), (SERVICE_DAY, 1)], now)))

    def refund(now: int) -> None:
        refund_part(customer, desk.books.latest(billed[0]["id"]), 25, now)

    desk.at(at + 20 * DAY, refund)


def _owner_forgot_metadata(desk: Desk, at: int) -> None:
    customer = desk.open_customer(at, with_account=False)
    subscribe(desk, at, [(STARTER_EUR, 1)], customer=customer)


def _stranger(desk: Desk, at: int) -> None:
    """A customer nobody can place: the account is Stripe's own id."""
    customer = desk.open_customer(at, with_account=False)
    desk.account.id = f"stripe:{customer.id}"
    subscribe(desk, at, [(PROFESSIONAL_EUR, 1)], customer=customer)


def _unknown_account(desk: Desk, at: int) -> None:
    """Its metadata names an account that the app never had."""
    subscribe(desk, at, [(STARTER_EUR, 1)])


def _test_mode(desk: Desk, at: int) -> None:
    """The owner tries the shop: test objects beside a real subscription."""
    subscribe(desk, at, [(STARTER_EUR, 1)])
    tester = desk.open_customer(at + DAY, livemode=False)
    desk.at(at + DAY, lambda now: prepare(desk, now, [(PROFESSIONAL_EUR, 1)], customer=tester).start(now))


BILLING_SCENES = (
    Scene("one-offs", 2, 8, _one_offs("paid", "draft", "void", "uncollectible", "open")),
    Scene("long invoice", 4, 25, _long_invoice),
    Scene("credited", 6, 9, _credited),
    Scene("refunded", 5, 11, _refunded),
    Scene("mixed refund", 7, 19, _mixed_refund),
    Scene("owner forgot metadata", 3, 14, _owner_forgot_metadata),
    Scene("stranger to the app", 5, 27, _stranger, app="unknown"),
    Scene("account unknown to the app", 6, 28, _unknown_account, app="unknown"),
    Scene("test mode", 8, 8, _test_mode),
)
