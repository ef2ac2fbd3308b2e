"""What Stripe promises: the lists that are read, how each is asked for, what its events say of them, and the columns.

Belongs here: resources and events as data. Does not: their fields (allow_list), HTTP (client), when a list is read
whole (plan).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from ingestion.contract import INSTANT, TableContract

SOURCE = "stripe"

_OBJECT_COLUMNS = [
    ("id", pa.string()),
    ("created_at", INSTANT),
    ("livemode", pa.bool_()),
    ("read_at", INSTANT),
    ("payload", pa.string()),
]
OBJECT_SCHEMA = pa.schema(_OBJECT_COLUMNS)
EVENT_SCHEMA = pa.schema(
    [
        *_OBJECT_COLUMNS,
        ("type", pa.string()),
        ("api_version", pa.string()),
        ("object_id", pa.string()),
        ("previous_payload", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class EmbeddedList:
    """A list that comes inside an object, cut off: where it stands and how the rest is asked for.

    `path` and `parameters` may hold `{id}`, the object's own id.
    """

    field: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    expand: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One list of the API. `object_name` is what Stripe calls one entry, and the name of its allow-list."""

    name: str
    object_name: str
    expand: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    embedded: EmbeddedList | None = None

    @property
    def path(self) -> str:
        return f"/v1/{self.name}"

    @property
    def expand_one(self) -> tuple[str, ...]:
        """`expand` as it is asked for of a single object instead of a page of them."""
        return tuple(path.removeprefix("data.") for path in self.expand)


SUBSCRIPTION_ITEMS = EmbeddedList(
    "items", "/v1/subscription_items", (("subscription", "{id}"),), expand=("data.discounts",)
)

OBJECT_LISTS = (
    Resource("customers", "customer"),
    Resource("products", "product"),
    Resource("prices", "price", expand=("data.tiers",)),
    Resource("coupons", "coupon", expand=("data.applies_to",)),
    Resource(
        "subscriptions",
        "subscription",
        expand=("data.discounts", "data.items.data.discounts"),
        parameters=(("status", "all"),),
        embedded=SUBSCRIPTION_ITEMS,
    ),
    Resource(
        "invoices",
        "invoice",
        expand=("data.discounts", "data.lines.data.discounts"),
        embedded=EmbeddedList("lines", "/v1/invoices/{id}/lines", expand=("data.discounts",)),
    ),
    Resource("invoice_payments", "invoice_payment"),
    Resource("charges", "charge"),
    Resource("refunds", "refund"),
    Resource("credit_notes", "credit_note", embedded=EmbeddedList("lines", "/v1/credit_notes/{id}/lines")),
)
EVENTS = Resource("events", "event")
RESOURCES = (*OBJECT_LISTS, EVENTS)

# Stripe keeps events this long.
EVENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Touch:
    """What an event says of a list: the object whose id stands under `key` of the event's object has changed.

    With `owned_by` it is not that object but its belongings in the list, which are asked for by that parameter.
    """

    resource: str
    key: str = "id"
    owned_by: str | None = None


# What an event about an object (by its `object`) says has changed: the object itself, and what changes with it without
# an event of its own. Objects without an allow-list stand here where they change one that has.
TOUCHED: Mapping[str, tuple[Touch, ...]] = MappingProxyType(
    {
        "customer": (Touch("customers"),),
        "product": (Touch("products"),),
        "price": (Touch("prices"),),
        # The older name of a recurring price, of the same id.
        "plan": (Touch("prices"),),
        "coupon": (Touch("coupons"),),
        "discount": (
            Touch("customers", "customer"),
            Touch("subscriptions", "subscription"),
            Touch("invoices", "invoice"),
        ),
        "subscription": (Touch("subscriptions"),),
        # Of an invoice's payments only `paid` has an event: attempts, cancellations and voids show on the invoice.
        "invoice": (Touch("invoices"), Touch("invoice_payments", "id", owned_by="invoice")),
        "invoiceitem": (Touch("invoices", "invoice"),),
        "invoice_payment": (Touch("invoice_payments"), Touch("invoices", "invoice")),
        "charge": (Touch("charges"),),
        "refund": (Touch("refunds"), Touch("charges", "charge")),
        "credit_note": (Touch("credit_notes"), Touch("invoices", "invoice")),
    }
)

# Events after which the object itself can no longer be read; what landed of it stays. A "deleted" subscription or
# discount is none of them: the first has ended, the second is taken off what it was on.
DELETIONS: Mapping[str, str] = MappingProxyType(
    {
        "customer.deleted": "customers",
        "product.deleted": "products",
        "price.deleted": "prices",
        "plan.deleted": "prices",
        "coupon.deleted": "coupons",
        "invoice.deleted": "invoices",
    }
)

# Events about an invoice that does not exist yet: Stripe sends it days before a renewal, without an id or with one that
# cannot be read. Nothing has changed, and there is no object to land.
PREVIEWS = frozenset({"invoice.upcoming"})

TABLES = MappingProxyType(
    {
        resource.name: TableContract(
            source=SOURCE,
            name=resource.name,
            partition_key="read_date",
            schema=EVENT_SCHEMA if resource is EVENTS else OBJECT_SCHEMA,
            key_columns=("id", "payload"),
            window=(
                f"the last {EVENT_DAYS} days, or the events since the newest one seen"
                if resource is EVENTS
                else "the whole list, or what changed since the newest event seen"
            ),
        )
        for resource in RESOURCES
    }
)
