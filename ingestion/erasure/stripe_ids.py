"""The ids inside Stripe's objects: which of them belong to one customer, reading them, replacing them.

Belongs here: pruned payloads (sources/stripe/allow_list), walked. Does not: whose they are (subjects), the rows they
stand in (rewriting).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Keys whose text, or list of texts, is the id of something that belongs to one customer.
OWNED = frozenset(
    {
        *("id", "customer", "subscription", "subscription_item", "invoice", "invoice_item", "latest_invoice"),
        *("charge", "payment_intent", "refund", "discount", "discounts", "invoice_line_item", "invoice_line_items"),
    }
)
# Under these keys stands what many customers share: the catalogue, and the rates of taxes. Their ids stay.
SHARED = frozenset({"price", "product", "products", "coupon", "default_tax_rates"})
# Tables whose objects are the catalogue itself.
CATALOGUE = frozenset({"products", "prices", "coupons"})
_CATALOGUE_EVENTS = ("product.", "price.", "plan.", "coupon.")


def is_catalogue(table: str, event_type: str | None = None) -> bool:
    """Whether a row of this table, or an event of this type, is about what nobody owns."""
    return table in CATALOGUE or (event_type or "").startswith(_CATALOGUE_EVENTS)


def owned_ids(document: Mapping[str, Any]) -> Iterator[str]:
    """Every id in a payload that belongs to its customer, the customer's own among them; one may come twice."""
    for key, value in document.items():
        if key in SHARED:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                yield from owned_ids(part)
            elif key in OWNED and isinstance(part, str) and part:
                yield part


def row_ids(table: str, row: Mapping[str, Any]) -> list[str]:
    """Every id in a row of Stripe's that belongs to its customer; none when the row is about the catalogue."""
    if is_catalogue(table, row.get("type")):
        return []
    ids = [row["id"], *([row["object_id"]] if row.get("object_id") else [])]
    for column in ("payload", "previous_payload"):
        ids += owned_ids(payload_of(row.get(column)))
    return ids


def accounts_named(row: Mapping[str, Any]) -> set[str]:
    """The app's accounts that a customer, or an event about one, names in its metadata, now and as it was before."""
    payloads = (payload_of(row.get(column)) for column in ("payload", "previous_payload"))
    named = ((payload.get("metadata") or {}).get("account_id") for payload in payloads)
    return {account_id for account_id in named if account_id}


def replaced(document: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """The payload with the owned ids that `ids` names replaced, and nothing else changed."""
    return {key: value if key in SHARED else _replaced(key, value, ids) for key, value in document.items()}


def _replaced(key: str, value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replaced(key, part, ids) for part in value]
    if isinstance(value, Mapping):
        return replaced(value, ids)
    return ids.get(value, value) if key in OWNED and isinstance(value, str) else value


def payload_of(text: str | None) -> dict[str, Any]:
    """A payload as it landed; empty where a row has none."""
    return dict(json.loads(text)) if text else {}
