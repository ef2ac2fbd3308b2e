"""Rows of the raw tables out of Stripe's objects and events.

Belongs here: which row an object or an event becomes. Does not: reading (extract, client), the allow-list itself.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.prune import canonical, previous_state, prune

Row = dict[str, Any]


def object_row(object_name: str, document: dict[str, Any], read_at: datetime) -> Row:
    """One version of an object, as read. `document` holds its embedded lists complete."""
    return _row(document, read_at, canonical(prune(object_name, document)))


def event_row(event: dict[str, Any], read_at: datetime, pinned_version: str) -> Row | None:
    """One event, or None when it is about an object that has no allow-list.

    An event rendered in another API version than the pinned one has other shapes: it lands without its snapshots, as
    the signal that the object (which every run reads) has changed.
    """
    document = event["data"]["object"]
    object_name = document.get("object")
    if object_name not in ALLOWED:
        return None
    rendered_in = event.get("api_version")
    is_readable = rendered_in is None or rendered_in == pinned_version
    previous = event["data"].get("previous_attributes")
    return _row(event, read_at, canonical(prune(object_name, document)) if is_readable else None) | {
        "type": event["type"],
        "api_version": rendered_in,
        "object_id": document.get("id"),
        "previous_payload": (
            canonical(prune(object_name, previous_state(document, previous)))
            if is_readable and previous is not None
            else None
        ),
    }


def version_of(row: Row) -> bytes:
    """What makes a row a version of its own: 16 bytes, so that a long list is remembered in little memory."""
    return hashlib.blake2b(f"{row['id']}\n{row['payload']}".encode(), digest_size=16).digest()


def _row(entry: dict[str, Any], read_at: datetime, payload: str | None) -> Row:
    created = entry.get("created")
    return {
        "id": entry["id"],
        "created_at": datetime.fromtimestamp(created, UTC) if created is not None else None,
        "livemode": entry.get("livemode"),
        "read_at": read_at.astimezone(UTC),
        "payload": payload,
    }
