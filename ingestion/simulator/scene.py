"""What a scripted account is: when it comes, from where, and the scene it plays.

The scenes themselves are in cast_plans.py, cast_lives.py and cast_billing.py; cast.py brings them on stage.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ingestion.simulator.catalogue import EXTRA_AGENTS, MONTHLY, PROFESSIONAL, STARTER
from ingestion.simulator.clock import DAY, first_of_month, unix
from ingestion.simulator.desk import Customer, Desk
from ingestion.simulator.pricing import Coupon, Price
from ingestion.simulator.subscription_state import Item
from ingestion.simulator.subscriptions import Subscription

MONTH = 30 * DAY
STARTER_EUR, PROFESSIONAL_EUR = MONTHLY[STARTER, "EUR"], MONTHLY[PROFESSIONAL, "EUR"]
EXTRA_EUR = MONTHLY[EXTRA_AGENTS, "EUR"]
Wanted = tuple[Price, int | None]
Play = Callable[[Desk, int], None]


@dataclass(frozen=True)
class Scene:
    """`play(desk, at)` begins `month` months after the company's first, on `day` at `hour` UTC.

    `app` says what the app knows of the account: "linked" (it holds the Stripe customer), "unknown" (no such row).
    """

    name: str
    month: int
    day: int
    play: Play
    country: str = "DE"
    hour: int = 9
    app: str = "linked"

    def begins(self, start: date) -> int:
        """Unix seconds of its beginning in a company founded on `start`; days beyond a month run into the next."""
        day = first_of_month(start, self.month) + timedelta(days=self.day - 1)
        return unix(datetime(day.year, day.month, day.day, self.hour, tzinfo=UTC))


def subscribe(
    desk: Desk, at: int, wanted: Sequence[Wanted], *, coupons: Sequence[Coupon] = (), customer: Customer | None = None
) -> Subscription:
    """Open a subscription with its first payment now; a new customer unless one is named."""
    subscription = prepare(desk, at, wanted, customer=customer)
    subscription.start(at, coupons=coupons)
    return subscription


def prepare(desk: Desk, at: int, wanted: Sequence[Wanted], *, customer: Customer | None = None) -> Subscription:
    """A subscription not yet started."""
    items = [Item(desk.name("si"), price, quantity, at) for price, quantity in wanted]
    return Subscription(desk, customer or desk.open_customer(at), items)
