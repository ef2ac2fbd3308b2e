"""The billing desk of one account: its agenda, its customers, and where its decisions are written down.

Here belong the order of things (an agenda by instant), identifiers and the act of recording. What is billed is in
invoicing.py, how a subscription lives in subscriptions.py, what the customer wants in lifecycle.py and cast.py.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ingestion.simulator import stripe_objects
from ingestion.simulator.accounts import Account
from ingestion.simulator.books import Books, Json
from ingestion.simulator.catalogue import TAX_RATES
from ingestion.simulator.ledger import Ledger
from ingestion.simulator.pricing import Coupon, Discount
from ingestion.simulator.randomness import stream, stripe_id

# What happens at an instant (Unix seconds); what it returns does not matter.
Action = Callable[[int], object]


@dataclass
class Customer:
    """A payer: one currency, one tax rate, a balance in minor units (negative: we owe them)."""

    desk: "Desk"
    id: str
    currency: str
    tax_rate: Fraction
    livemode: bool = True
    balance: int = 0
    discount: Discount | None = None
    invoices: int = 0


@dataclass(frozen=True)
class AppSignal:
    """Something the app itself tracks about the account, such as `trial_converted`."""

    at: int
    event_type: str
    properties: dict[str, str | int]


@dataclass
class Desk:
    """Everything that happens between one account and its payments, in order, until the world's end."""

    seed: int
    account: Account
    end: int
    books: Books
    ledger: Ledger
    signals: list[AppSignal] = field(default_factory=list)
    # When the account had MRR: (from, to), the last open while it pays.
    paid_spans: list[tuple[int, int | None]] = field(default_factory=list)
    living: set[str] = field(default_factory=set)
    first_paid_at: int | None = None
    trial: tuple[int, int] | None = None
    # The charge that paid each invoice, by invoice id.
    charges: dict[str, str] = field(default_factory=dict)
    _agenda: list[tuple[int, int, Action]] = field(default_factory=list)
    _names: int = 0

    def __post_init__(self) -> None:
        self.rng: random.Random = stream(self.seed, "desk", self.account.id)

    def at(self, instant: int, action: Action) -> None:
        """Put an action on the agenda; those of one instant happen in the order they were put there."""
        self._names += 1
        heapq.heappush(self._agenda, (instant, self._names, action))

    def run(self) -> None:
        """Do everything on the agenda that lies before the world's end."""
        while self._agenda and self._agenda[0][0] < self.end:
            instant, _, action = heapq.heappop(self._agenda)
            action(instant)

    def name(self, prefix: str) -> str:
        """A fresh Stripe identifier."""
        self._names += 1
        return stripe_id(prefix, self.seed, self.account.id, self._names)

    def record(self, resource: str, payload: Json, at: int, event_type: str | None, *, livemode: bool = True) -> None:
        """Write down an object as it stands from `at` on."""
        if not livemode:
            payload = without_livemode(payload)
        self.books.record(resource, payload, at, event_type)

    def open_customer(
        self, at: int, currency: str | None = None, *, livemode: bool = True, with_account: bool = True
    ) -> Customer:
        """A new Stripe customer; its metadata names the account unless the owner forgot (`with_account` False)."""
        tax_rate = TAX_RATES.get(self.account.country, Fraction(0))
        customer = Customer(self, self.name("cus"), currency or self.account.currency, tax_rate, livemode)
        profile = {
            "email": self.account.email,
            "name": self.account.company_name,
            "phone": self.account.phone,
            "country": self.account.country,
        }
        rendered = stripe_objects.customer(
            customer.id,
            at,
            currency=customer.currency,
            profile=profile,
            metadata={"account_id": self.account.id} if with_account else {},
        )
        self.record("customers", rendered, at, "customer.created", livemode=livemode)
        if livemode and self.account.stripe_customer_id is None:
            self.account.stripe_customer_id = customer.id
            self.account.stripe_customer_at = at
        return customer

    def change_customer(self, customer: Customer, at: int, **changes: object) -> None:
        """Record the customer with some keys changed."""
        self.record("customers", self.books.latest(customer.id) | changes, at, "customer.updated")

    def give_customer_discount(self, customer: Customer, coupon: Coupon, at: int) -> None:
        """A coupon on the customer itself: it serves subscriptions that have none of their own."""
        discount = Discount(self.name("di"), coupon, at, None, customer.id, level="customer")
        self.remember_discount(discount, at)
        customer.discount = discount
        rendered = stripe_objects.discount(discount)
        self.record("customers", self.books.latest(customer.id) | {"discount": rendered}, at, "customer.updated")

    def remember_discount(self, discount: Discount, at: int) -> None:
        """Record a discount as given."""
        rendered = stripe_objects.discount(discount)
        self.record("discounts", rendered, at, "customer.discount.created")

    def forget_discount(self, discount: Discount, at: int) -> None:
        """Record the end of a discount; it stays readable where invoices name it."""
        rendered = stripe_objects.discount(replace(discount, end=discount.end))
        self.record("discounts", rendered | {"deleted": True}, at, "customer.discount.deleted")


def without_livemode(payload: Json) -> Json:
    """The same object as test mode shows it."""
    changed = payload | ({"livemode": False} if "livemode" in payload else {})
    if "lines" in changed:
        data = [line | {"livemode": False} for line in changed["lines"]["data"]]
        changed["lines"] = changed["lines"] | {"data": data}
    return changed
