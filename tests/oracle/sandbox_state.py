"""What a small Stripe remembers, and how its time passes.

Belongs here: objects, events, what is due, and a night's read of it all. Does not: what subscriptions do (sandbox) or
how they are billed (sandbox_invoices).
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.oracle.catalogue import COUPONS, PRICE, PRODUCTS, Document
from tests.oracle.inputs import StripeNight
from tests.oracle.subscription_shapes import DAY, snapshot_of

EVENT_SECONDS = 30 * DAY


@dataclass(frozen=True)
class Manners:
    """What differs between Stripe accounts without anyone meaning anything by it."""

    # Events created between these instants are rendered in another API version than the pinned one.
    foreign_events: tuple[int, int] = (0, 0)
    # An invoice's list repeats the coupons of its lines, and a line's those of the invoice.
    repeats_discounts: bool = False
    # A `once` coupon is used up by the empty invoice of a trial.
    spends_once_on_trials: bool = False


class SandboxState:
    """Stripe's state at `now` (epoch seconds); `run_until` lets time pass."""

    def __init__(self, manners: Manners) -> None:
        self.now = 0
        self.manners = manners
        self.objects: dict[str, dict[str, Document]] = {
            name: {}
            for name in (
                "customers",
                "subscriptions",
                "invoices",
                "invoice_payments",
                "charges",
                "refunds",
                "credit_notes",
            )
        }
        self.events: list[Document] = []
        self.nights: list[StripeNight] = []
        self._numbers = count(1)
        self._due: list[tuple[int, int, Callable[[], None]]] = []

    # --- time -------------------------------------------------------------------------------------------------------
    def at(self, epoch: int, action: Callable[[], None]) -> None:
        """Do something at an instant; what is asked for the same second happens in the order it was asked for."""
        heapq.heappush(self._due, (max(epoch, self.now), next(self._numbers), action))

    def run_until(self, epoch: int) -> None:
        while self._due and self._due[0][0] <= epoch:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = epoch

    def read(self) -> None:
        """One night's read of every list and of the events of 30 days."""
        catalogue = {"products": PRODUCTS, "prices": tuple(PRICE.values()), "coupons": COUPONS}
        lists = {name: tuple(documents.values()) for name, documents in self.objects.items()}
        night = StripeNight(
            read_at=datetime.fromtimestamp(self.now, UTC),
            objects=copy.deepcopy(catalogue | lists),
            events=copy.deepcopy([e for e in self.events if self.now - EVENT_SECONDS <= e["created"] < self.now]),
        )
        self.nights.append(night)

    # --- plumbing ---------------------------------------------------------------------------------------------------
    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):06d}"

    def new(self, resource: str, prefix: str, kind: str, **fields: Any) -> Document:
        document = {"id": self.new_id(prefix), "object": kind, "created": self.now, "livemode": True, **fields}
        self.objects[resource][document["id"]] = document
        return document

    def tell(self, kind: str, document: Document, before: Document | None = None) -> None:
        """An event with the object as a snapshot; `before` gives its previous attributes."""
        after = snapshot_of(document)
        data: Document = {"object": after}
        if before is not None:
            old = snapshot_of(before)
            previous = {key: old[key] for key in old if old[key] != after[key]}
            if not previous:
                return
            data["previous_attributes"] = previous
        first, end = self.manners.foreign_events
        self.events.append(
            {
                "id": self.new_id("evt"),
                "object": "event",
                "type": kind,
                "created": self.now,
                "livemode": document["livemode"],
                "api_version": "another" if first <= self.now < end else "pinned",
                "data": copy.deepcopy(data),
            }
        )

    def change(self, subscription: Document, **fields: Any) -> None:
        """Change a subscription and tell of it."""
        before = copy.deepcopy(subscription)
        subscription.update(fields)
        kind = "deleted" if subscription["status"] == "canceled" else "updated"
        self.tell(f"customer.subscription.{kind}", subscription, before)
