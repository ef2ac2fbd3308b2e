"""Rows of the raw tables out of Stripe's objects and events.

Belongs here: which row an object or an event becomes, or why none. Does not: reading (extract, client), the allow-list
and the checks themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingestion.contract import RunContext
from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.prune import canonical, previous_state, prune
from ingestion.sources.stripe.screen import MAX_AHEAD_SECONDS, payload_fault

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """An object that does not land: its id where it has a usable one, and why."""

    key: str | None
    reason: str


def latest_creation(run: RunContext) -> int:
    """The Unix second after which nothing can have been created: Stripe's clock is the real one, whatever the run's."""
    return int(max(run.instant, run.wall_clock()).timestamp()) + MAX_AHEAD_SECONDS


def object_row(object_name: str, document: dict[str, Any], read_at: datetime) -> Row | Fault:
    """One version of an object, as read. `document` holds its embedded lists complete, and has no `entry_fault`."""
    payload = prune(object_name, document)
    fault = payload_fault(payload)
    return Fault(document["id"], fault) if fault else _row(document, read_at, canonical(payload))


def event_row(event: dict[str, Any], read_at: datetime, pinned_version: str) -> Row | Fault | None:
    """One event without `event_fault`, or None when it is about an object that has no allow-list.

    An event rendered in another API version than the pinned one has other shapes: it lands without its snapshots, as
    the signal that the object, which is read again for it, has changed.
    """
    document = event["data"]["object"]
    object_name = document.get("object")
    if object_name not in ALLOWED:
        return None
    if not isinstance(document.get("id"), str):
        return Fault(event["id"], "data.object.id is missing")
    rendered_in = event.get("api_version")
    is_readable = rendered_in is None or rendered_in == pinned_version
    previous = event["data"].get("previous_attributes")
    after = prune(object_name, document) if is_readable else None
    before = (
        prune(object_name, previous_state(document, previous))
        if is_readable and isinstance(previous, Mapping)
        else None
    )
    about = {"type": event["type"], "api_version": _text(rendered_in), "object_id": document["id"]}
    fault = next((found for part in (about, after, before) if part and (found := payload_fault(part))), None)
    if fault is not None:
        return Fault(event["id"], fault)
    return {
        **_row(event, read_at, canonical(after) if after is not None else None),
        **about,
        "previous_payload": canonical(before) if before is not None else None,
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


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
