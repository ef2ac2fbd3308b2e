"""What Stripe promises: the lists that are read, how each is asked for, and the columns that land.

Belongs here: resources as data. Does not: their fields (allow_list), HTTP (client).
"""

from __future__ import annotations

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


SUBSCRIPTION_ITEMS = EmbeddedList(
    "items", "/v1/subscription_items", (("subscription", "{id}"),), expand=("data.discounts",)
)

_OBJECT_LISTS = (
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
# Events come last: what changes while the lists are read then shows as an event of this run or of the next.
RESOURCES = (*_OBJECT_LISTS, Resource("events", "event"))

# Stripe keeps events this long.
EVENT_DAYS = 30

TABLES = MappingProxyType(
    {
        resource.name: TableContract(
            source=SOURCE,
            name=resource.name,
            partition_key="read_date",
            schema=EVENT_SCHEMA if resource.object_name == "event" else OBJECT_SCHEMA,
            key_columns=("id", "payload"),
            window=f"the last {EVENT_DAYS} days" if resource.object_name == "event" else "the whole list",
        )
        for resource in RESOURCES
    }
)
