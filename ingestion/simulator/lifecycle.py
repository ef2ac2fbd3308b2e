"""What ordinary customers want: to try, to buy, to grow, to shrink, to leave and sometimes to come back.

Chances and timing only; the acts themselves are in subscriptions.py. Unusual customers are scripted in cast.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ingestion.simulator import catalogue
from ingestion.simulator.catalogue import ENTERPRISE, EXTRA_AGENTS, MONTHLY, PROFESSIONAL, SEATS, STARTER, YEARLY
from ingestion.simulator.clock import DAY, HOUR
from ingestion.simulator.corrections import bill_one_off, refund_part
from ingestion.simulator.desk import AppSignal, Customer, Desk
from ingestion.simulator.ledger import Cause
from ingestion.simulator.pricing import Coupon, Price
from ingestion.simulator.randomness import happens
from ingestion.simulator.subscription_state import Item
from ingestion.simulator.subscriptions import Subscription

TRIAL_DAYS = 14
CONVERSION = 0.2


@dataclass
class Patron:
    """One ordinary account and its wishes."""

    desk: Desk
    customer: Customer | None = None
    returned: bool = False

    def begin(self) -> None:
        """Put the account's first wish on the agenda."""
        rng, account = self.desk.rng, self.desk.account
        if account.kind == "visitor":
            return
        at = account.created_at + int(rng.lognormvariate(6.0, 1.2))
        if account.kind == "direct":
            self.desk.at(at, self.buy)
            return
        self.desk.at(at, self.try_out)

    def try_out(self, at: int) -> None:
        """Start a trial, through Stripe or (for half of them) in the app alone."""
        rng = self.desk.rng
        plan = rng.choices(("starter", "professional", "enterprise"), (70, 26, 4))[0]
        properties: dict[str, str | int] = {"plan": plan, "trial_days": TRIAL_DAYS}
        self.desk.signals.append(AppSignal(at, "trial_started", properties))
        self.desk.trial = (at, at + TRIAL_DAYS * DAY)
        converts = happens(rng, CONVERSION)
        if not converts and happens(rng, 0.15):
            self.desk.at(at + int(rng.uniform(TRIAL_DAYS + 2, 90) * DAY), self._delete_account)
        if happens(rng, 0.5):
            if converts:
                wait = int(rng.choice((rng.uniform(1, 13), rng.uniform(12, 16), rng.uniform(14, 52))) * DAY)
                self.desk.at(at + wait, self.buy)
            return
        self.customer = self.desk.open_customer(at)
        subscription = Subscription(self.desk, self.customer, self._basket(plan, at))
        coupons = [catalogue.LAUNCH_20] if happens(rng, 0.05) else []
        if not converts:
            subscription.without_card = "cancel"
            if happens(rng, 0.25):
                self.desk.at(at + int(rng.uniform(1, 13) * DAY), subscription.schedule_cancel)
        elif happens(rng, 0.2):
            self.desk.at(at + int(rng.uniform(4, 13) * DAY), subscription.end_trial_now)
        subscription.start(at, trial_days=TRIAL_DAYS, coupons=coupons)
        if converts:
            self._accompany(subscription, at + (TRIAL_DAYS + 5) * DAY)
            self.desk.at(at + 15 * DAY, self._set_up)

    def _delete_account(self, at: int) -> None:
        self.desk.account.deleted_at = at

    def buy(self, at: int) -> None:
        """Subscribe with a payment now."""
        rng = self.desk.rng
        plan = rng.choices(("starter", "professional", "enterprise"), (70, 26, 4))[0]
        is_first = self.customer is None
        self.customer = self.customer or self.desk.open_customer(at)
        coupon = rng.choices(
            (None, catalogue.LOYAL_10, catalogue.WELCOME_50, catalogue.LAUNCH_20, catalogue.PARTNER_15),
            (80, 6, 6, 5, 3),
        )[0]
        subscription = Subscription(self.desk, self.customer, self._basket(plan, at))
        subscription.start(at, coupons=[coupon] if coupon else [])
        if is_first:
            if self.desk.account.kind == "trial":
                subscription.signal_conversion(at)
            self.desk.at(at + DAY, self._set_up)
        self._accompany(subscription, at + int(rng.uniform(5, 25) * DAY))

    def _basket(self, plan: str, at: int) -> list[Item]:
        rng, currency = self.desk.rng, self.desk.account.currency
        wanted: list[tuple[Price, int | None]]
        if plan == "enterprise":
            wanted = [(SEATS[currency], rng.randint(6, 24))]
        else:
            product = STARTER if plan == "starter" else PROFESSIONAL
            yearly = happens(rng, 0.14)
            wanted = [((YEARLY if yearly else MONTHLY)[product, currency], 1)]
            if plan == "professional" and happens(rng, 0.2):
                wanted.append(((YEARLY if yearly else MONTHLY)[EXTRA_AGENTS, currency], rng.randint(1, 4)))
        return [Item(self.desk.name("si"), price, quantity, at) for price, quantity in wanted]

    def _set_up(self, at: int) -> None:
        if self.customer is not None and self.desk.living and happens(self.desk.rng, 0.28):
            bill_one_off(self.customer, [(catalogue.SETUP_FEE[self.customer.currency], 1)], at)

    # -- month by month ---------------------------------------------------------------------------------------------

    def _accompany(self, subscription: Subscription, at: int) -> None:
        self.desk.at(at, lambda instant: self._consider(subscription, instant))

    def _consider(self, subscription: Subscription, at: int) -> None:
        """Once in about a month: does the customer want something?"""
        if subscription.ended_at is not None:
            self._maybe_return(at)
            return
        rng = self.desk.rng
        renewal = subscription.cycle + 1
        if happens(rng, 0.032) and subscription.items[0].price.interval == "month":
            outcomes = ("recovers", "canceled", "unpaid", "unpaid then canceled", "unpaid then paid")
            subscription.failures[renewal] = rng.choices(outcomes, (62, 22, 8, 5, 3))[0]
        yearly = subscription.items[0].price.interval == "year"
        wishes: list[tuple[float, Callable[[Subscription, int], None] | None]] = [
            (0.015 if yearly else 0.07, self._leave_later),
            (0.008, self._leave_now),
            (0.0 if yearly else 0.022, self._move_up),
            (0.0 if yearly else 0.008, self._move_down),
            (0.10 if subscription.plan == "enterprise" else 0.02, self._change_seats),
            (0.006, self._pause),
            (0.005, self._ask_for_rebate),
            (0.006, self._go_yearly),
            (0.045, self._book_services),
            (0.008, self._complain),
        ]
        wishes.append((1 - sum(chance for chance, _ in wishes), None))
        wish = rng.choices([wish for _, wish in wishes], [chance for chance, _ in wishes])[0]
        if wish is not None and not subscription.cancel_at_period_end and subscription.status == "active":
            wish(subscription, at)
        self._accompany(subscription, at + int(rng.uniform(26, 35) * DAY) + rng.randrange(DAY))

    def _maybe_return(self, at: int) -> None:
        if not self.returned and happens(self.desk.rng, 0.12):
            self.returned = True
            self.desk.at(at + int(self.desk.rng.uniform(20, 120) * DAY), self.buy)
        elif happens(self.desk.rng, 0.3):
            self.desk.at(at + int(self.desk.rng.uniform(10, 60) * DAY), self._delete_account)

    def _leave_later(self, subscription: Subscription, at: int) -> None:
        subscription.schedule_cancel(at)
        if happens(self.desk.rng, 0.08):
            self.desk.at(at + 6 * HOUR, subscription.keep)

    def _leave_now(self, subscription: Subscription, at: int) -> None:
        subscription.cancel(at)

    def _move_up(self, subscription: Subscription, at: int) -> None:
        currency = subscription.customer.currency
        if subscription.plan == "starter":
            self._swap_plan(subscription, MONTHLY[PROFESSIONAL, currency], 1, at, Cause.UPGRADE)
        elif subscription.plan == "professional" and currency in SEATS:
            seats = self.desk.rng.randint(10, 24)
            self._swap_plan(subscription, SEATS[currency], seats, at, Cause.UPGRADE)

    def _move_down(self, subscription: Subscription, at: int) -> None:
        currency = subscription.customer.currency
        if subscription.plan == "professional":
            self._swap_plan(subscription, MONTHLY[STARTER, currency], 1, at, Cause.DOWNGRADE)

    def _swap_plan(self, subscription: Subscription, price: Price, quantity: int, at: int, cause: Cause) -> None:
        rest = [(item.price, item.quantity) for item in subscription.items[1:]]
        subscription.change(at, [(price, quantity), *rest], cause, proration=self._proration(subscription))

    def _change_seats(self, subscription: Subscription, at: int) -> None:
        first, *rest = subscription.items
        target = first if first.price.product is ENTERPRISE or not rest else rest[0]
        if target.quantity is None or (target is first and first.price.product is not ENTERPRISE):
            return
        steps = (1, 2, 3, 5, 8, -1, -2) if target is first else (1, 1, 2)
        quantity = max(1, target.quantity + self.desk.rng.choice(steps))
        wanted = [(item.price, quantity if item is target else item.quantity) for item in subscription.items]
        subscription.change(at, wanted, Cause.SEAT_CHANGE, proration=self._proration(subscription))

    def _proration(self, subscription: Subscription) -> str:
        if any(discount.coupon.amount_off for discount in subscription.discounts):
            return "none"
        choices = ("invoice", "next", "none")
        yearly = subscription.items[0].price.interval == "year"
        return self.desk.rng.choices(choices, (1, 0, 0) if yearly else (70, 20, 10))[0]

    def _pause(self, subscription: Subscription, at: int) -> None:
        behavior = self.desk.rng.choice(("void", "keep_as_draft", "mark_uncollectible"))
        subscription.set_pause(at, behavior)
        resume_at = at + int(self.desk.rng.uniform(20, 75) * DAY)
        self.desk.at(resume_at, lambda instant: subscription.set_pause(instant, None))

    def _ask_for_rebate(self, subscription: Subscription, at: int) -> None:
        offers: list[Coupon] = [catalogue.LOYAL_10, catalogue.LAUNCH_20, catalogue.WELCOME_50]
        if not subscription.discounts:
            subscription.give(at, self.desk.rng.choice(offers))

    def _go_yearly(self, subscription: Subscription, at: int) -> None:
        first = subscription.items[0].price
        yearly = YEARLY.get((first.product, first.currency))
        if yearly is not None and first.interval == "month" and len(subscription.items) == 1:
            subscription.change(at, [(yearly, 1)], Cause.UPGRADE, proration="invoice")

    def _book_services(self, subscription: Subscription, at: int) -> None:
        price = catalogue.SERVICE_DAY[subscription.customer.currency]
        bill_one_off(subscription.customer, [(price, self.desk.rng.randint(1, 3))], at)

    def _complain(self, subscription: Subscription, at: int) -> None:
        if subscription.latest_invoice is not None:
            invoice = self.desk.books.latest(subscription.latest_invoice)
            if invoice["status"] == "paid" and invoice["amount_paid"] > 0:
                refund_part(subscription.customer, invoice, self.desk.rng.choice((100, 50, 25)), at)
