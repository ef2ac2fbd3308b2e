"""What a subscription is at an instant: its items, coupons, period and standing, and what follows from them.

Reading only: the lines of its period, the coupons that count, its MRR, and its shape as Stripe shows it. What changes
it is in subscriptions.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from ingestion.simulator import invoicing, stripe_objects
from ingestion.simulator.books import Json
from ingestion.simulator.clock import add_intervals
from ingestion.simulator.desk import Customer, Desk
from ingestion.simulator.invoicing import Line
from ingestion.simulator.ledger import ItemMrr
from ingestion.simulator.pricing import Discount, Price, PricedItem, monthly_recurring

NO_MRR: tuple[tuple[ItemMrr, ...], Decimal] = ((), Decimal("0.0000"))


@dataclass
class Item:
    """An item held: `discounts` are its own coupons."""

    id: str
    price: Price
    quantity: int | None
    created: int
    discounts: list[Discount] = field(default_factory=list)


@dataclass
class SubscriptionState:
    """The standing of a subscription; instants are Unix seconds, 0 before it starts."""

    desk: Desk
    customer: Customer
    items: list[Item]
    id: str = ""
    status: str = "active"
    discounts: list[Discount] = field(default_factory=list)
    # What was given, with the span in which it counts (a `once` coupon: the period of the invoice it was used on).
    granted: list[Discount] = field(default_factory=list)
    started_at: int = 0
    anchor: int = 0
    cycle: int = 0
    period: tuple[int, int] = (0, 0)
    trial: tuple[int, int] | None = None
    # What a trial without a payment method ends in: "cancel" or "pause"; None with a payment method.
    without_card: str | None = None
    pause: str | None = None
    paused_at: int = 0
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    reason: str | None = None
    latest_invoice: str | None = None
    plan: str = "other"

    def interval(self, count: int) -> tuple[str, int]:
        price = self.items[0].price
        return str(price.interval), price.interval_count * count

    def shared_discounts(self, at: int) -> list[Discount]:
        in_force = [d for d in self.discounts if d.start <= at and (d.end is None or at < d.end)]
        if not in_force and self.customer.discount is not None:
            return [self.customer.discount]
        return in_force

    def period_lines(self, *, bare: bool = False) -> list[Line]:
        lines: list[Line] = []
        for item in self.items:
            where = {"item_id": item.id, "subscription_id": self.id}
            if item.price.usage == "metered":
                # Usage is billed in arrears, with the period it was used in.
                quantity = 0 if self.cycle == 0 else self.desk.rng.randrange(2_000, 60_000)
                if not bare and quantity:
                    previous = (add_intervals(self.anchor, *self.interval(self.cycle - 1)), self.period[0])
                    lines += invoicing.period_lines(item.price, quantity, previous, **where)
            else:
                lines += invoicing.period_lines(item.price, item.quantity or 0, self.period, **where)
        if bare:
            return lines
        own = {item.id: item.discounts for item in self.items if item.discounts}
        return invoicing.discounted(lines, own, self.shared_discounts(self.period[0]))

    def largest_plan(self) -> str:
        def size(item: Item) -> tuple[Decimal, str]:
            (mrr,) = monthly_recurring([PricedItem(item.price, item.quantity)], (), Fraction(0), forever_only=True)
            return -mrr, item.id

        return sorted(self.items, key=size)[0].price.product.plan or "other"

    def counted(self, discounts: Sequence[Discount], at: int) -> tuple[Discount, ...]:
        return tuple(d for d in discounts if d.start <= at and (d.end is None or at < d.end))

    def current_mrr(self, at: int) -> tuple[tuple[ItemMrr, ...], Decimal]:
        """The contract MRR of each item, and the billed MRR of all, by the plan's own terms at an instant."""
        if self.status not in {"active", "past_due"} or self.pause is not None:
            return NO_MRR
        items = [PricedItem(i.price, i.quantity, self.counted(i.discounts, at)) for i in self.items]
        shared: Sequence[Discount] = self.counted(self.granted, at)
        if not shared and self.customer.discount is not None:
            shared = [self.customer.discount]
        rate = self.customer.tax_rate
        contract = monthly_recurring(items, shared, rate, forever_only=True)
        billed = monthly_recurring(items, shared, rate, forever_only=False)
        held = (
            ItemMrr(item.id, item.price.product.plan or "other", mrr)
            for item, mrr in zip(self.items, contract, strict=True)
            if mrr
        )
        return tuple(held), sum(billed, Decimal("0.0000"))

    def render(self) -> Json:
        """The subscription as Stripe shows it, unexpanded."""
        items = [
            stripe_objects.subscription_item(
                item.id,
                self.id,
                self.desk.books.latest(item.price.id),
                quantity=item.quantity,
                state={
                    "created": item.created,
                    "current_period_end": self.period[1],
                    "current_period_start": self.period[0],
                    "discounts": [discount.id for discount in item.discounts],
                },
            )
            for item in self.items
        ]
        return {
            "id": self.id,
            "object": "subscription",
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": self.anchor,
            "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "itemized"}},
            "cancel_at": self.period[1] if self.cancel_at_period_end and self.ended_at is None else None,
            "cancel_at_period_end": self.cancel_at_period_end,
            "canceled_at": self.canceled_at,
            "cancellation_details": {"comment": None, "feedback": None, "reason": self.reason},
            "collection_method": "charge_automatically",
            "created": self.started_at,
            "currency": self.customer.currency.lower(),
            "customer": self.customer.id,
            "days_until_due": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": [discount.id for discount in self.discounts],
            "ended_at": self.ended_at,
            "items": stripe_objects.object_list(items, f"/v1/subscription_items?subscription={self.id}"),
            "latest_invoice": self.latest_invoice,
            "livemode": True,
            "metadata": {},
            "pause_collection": {"behavior": self.pause, "resumes_at": None} if self.pause else None,
            "schedule": None,
            "start_date": self.started_at,
            "status": self.status,
            "test_clock": None,
            "trial_end": self.trial[1] if self.trial else None,
            "trial_settings": {"end_behavior": {"missing_payment_method": self.without_card or "create_invoice"}},
            "trial_start": self.trial[0] if self.trial else None,
        }
