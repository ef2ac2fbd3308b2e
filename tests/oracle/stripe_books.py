"""What Stripe is known to have said: newest objects, usable events, the account of a customer, discounts by id.

Belongs here: looking objects up over all nights (METRICS 1.2). Does not: what they are worth (prices, discounts) or
when they held (history).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from tests.oracle.clock import instant
from tests.oracle.inputs import Inputs, JsonObject, StripeNight
from tests.oracle.product import latest_rows

FINALISED = frozenset({"open", "paid", "uncollectible"})
REVENUE_TYPES = frozenset({"recurring", "one_time", "services"})
PLANS = frozenset({"starter", "professional", "enterprise"})


class StripeBooks:
    """Stripe over all nights before the run, without sandbox objects and what was created at or after the run."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.nights = sorted((n for n in inputs.nights if n.read_at <= inputs.run_at), key=lambda night: night.read_at)
        self._app_accounts = latest_rows(inputs.app, "accounts")

    def counts(self, document: JsonObject) -> bool:
        live = self.inputs.include_test_mode or document.get("livemode", True)
        return bool(live) and instant(document["created"]) < self.inputs.run_at

    def read(self, night: StripeNight, resource: str) -> Iterator[JsonObject]:
        return (document for document in night.objects.get(resource, ()) if self.counts(document))

    def latest(self, resource: str) -> dict[str, JsonObject]:
        """The newest version of each object of a list."""
        return {document["id"]: document for night in self.nights for document in self.read(night, resource)}

    def events(self, night: StripeNight) -> list[JsonObject]:
        """Events of a night that are versions: those in the pinned API version."""
        pinned = self.inputs.api_version
        return [e for e in night.events if self.counts(e) and (pinned is None or e.get("api_version") == pinned)]

    def signals(self, night: StripeNight, kind: str) -> Mapping[str, Sequence[datetime]]:
        """When events in other API versions said that objects changed, by the object's id; not what they became."""
        readable = {event["id"] for event in self.events(night)}
        found: dict[str, list[datetime]] = defaultdict(list)
        for event in night.events:
            if self.counts(event) and event["id"] not in readable and event["type"].startswith(kind):
                found[event["data"]["object"]["id"]].append(instant(event["created"]))
        return found

    @cached_property
    def products(self) -> dict[str, JsonObject]:
        return self.latest("products")

    @cached_property
    def prices(self) -> dict[str, JsonObject]:
        return self.latest("prices")

    @cached_property
    def coupons(self) -> dict[str, JsonObject]:
        return self.latest("coupons")

    @cached_property
    def invoices(self) -> dict[str, JsonObject]:
        return self.latest("invoices")

    @cached_property
    def finalised_invoices(self) -> list[JsonObject]:
        """Open, paid and uncollectible invoices finalised before the run, oldest first."""
        found = [
            invoice
            for invoice in self.invoices.values()
            if invoice["status"] in FINALISED and finalised_at(invoice) < self.inputs.run_at
        ]
        return sorted(found, key=lambda invoice: (finalised_at(invoice), invoice["id"]))

    @cached_property
    def invoices_by_subscription(self) -> Mapping[str, Sequence[JsonObject]]:
        grouped: dict[str, list[JsonObject]] = defaultdict(list)
        for invoice in self.finalised_invoices:
            subscription = invoice_subscription(invoice)
            if subscription is not None:
                grouped[subscription].append(invoice)
        return grouped

    @cached_property
    def customers(self) -> dict[str, JsonObject]:
        return self.latest("customers")

    def account_of(self, customer_id: str) -> str:
        """`customer.metadata.account_id`, else `accounts.stripe_customer_id`, else `stripe:<customer id>`."""
        customer = self.customers.get(customer_id, {})
        named = (customer.get("metadata") or {}).get("account_id")
        if named:
            return str(named)
        owners = [row["id"] for row in self._app_accounts.values() if row["stripe_customer_id"] == customer_id]
        return min(owners) if owners else f"stripe:{customer_id}"

    @cached_property
    def discounts(self) -> dict[str, JsonObject]:
        """Discounts by id, as seen on subscriptions, invoices, customers and in `customer.discount.*` events."""
        return {discount["id"]: discount for discount in self._seen_discounts()}

    def _seen_discounts(self) -> Iterator[JsonObject]:
        for night in self.nights:
            for resource, embedded in (("subscriptions", "items"), ("invoices", "lines")):
                for document in self.read(night, resource):
                    yield from expanded(document.get("discounts"))
                    for part in document[embedded]["data"]:
                        yield from expanded(part.get("discounts"))
            for customer in self.read(night, "customers"):
                yield from expanded([customer.get("discount")])
            for event in self.events(night):
                if event["type"].startswith("customer.discount."):
                    yield event["data"]["object"]

    def coupon_of(self, discount: JsonObject) -> JsonObject:
        """A discount's coupon: the list's version, which alone says what it applies to."""
        coupon = (discount.get("source") or {}).get("coupon") or discount.get("coupon")
        coupon_id = reference(coupon)
        return self.coupons.get(coupon_id or "") or (coupon if isinstance(coupon, Mapping) else {})

    @cached_property
    def deletions(self) -> dict[str, datetime]:
        """When a discount was taken away, by its id."""
        return {
            event["data"]["object"]["id"]: instant(event["created"])
            for night in self.nights
            for event in self.events(night)
            if event["type"] == "customer.discount.deleted"
        }

    @cached_property
    def customer_discounts(self) -> Mapping[str, Sequence[JsonObject]]:
        """Customers' own discounts: those that name no subscription or item, seen on the customer or in an event."""
        found: dict[str, dict[str, JsonObject]] = defaultdict(dict)
        for night in self.nights:
            for customer in self.read(night, "customers"):
                for discount in expanded([customer.get("discount")]):
                    found[customer["id"]][discount["id"]] = discount
            for event in self.events(night):
                document = event["data"]["object"]
                if event["type"].startswith("customer.discount.") and not is_on_subscription(document):
                    found[document["customer"]][document["id"]] = document
        return {customer: sorted(known.values(), key=lambda d: d["id"]) for customer, known in found.items()}

    def product_of(self, price: JsonObject) -> JsonObject:
        return self.products.get(reference(price.get("product")) or "", {})

    def plan_of(self, price: JsonObject) -> str:
        """`product.metadata.plan` if it is a tier, else `other`."""
        plan = (self.product_of(price).get("metadata") or {}).get("plan")
        return plan if plan in PLANS else "other"


def finalised_at(invoice: JsonObject) -> datetime:
    return instant(invoice["status_transitions"]["finalized_at"])


def invoice_subscription(invoice: JsonObject) -> str | None:
    return ((invoice.get("parent") or {}).get("subscription_details") or {}).get("subscription")


def is_on_subscription(discount: JsonObject) -> bool:
    """Whether a discount says that it is on a subscription or one of its items, and not on the customer."""
    return bool(discount.get("subscription") or discount.get("subscription_item"))


def reference(value: Any) -> str | None:
    """The id, whether Stripe put it plainly or expanded the object."""
    return value["id"] if isinstance(value, Mapping) else value


def references(values: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(found for found in map(reference, values or ()) if found is not None)


def expanded(values: Sequence[Any] | None) -> Iterator[JsonObject]:
    return (value for value in values or () if isinstance(value, Mapping))
