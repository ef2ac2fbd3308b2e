"""Lists that come inside an object, cut off: read to their end.

Belongs here: completing an object, and the snapshot of one in an event. Does not: which objects have such lists
(contract), HTTP (client).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingestion.sources.stripe.client import StripeLists
from ingestion.sources.stripe.contract import SUBSCRIPTION_ITEMS, EmbeddedList


def complete(lists: StripeLists, embedded: EmbeddedList, entry: dict[str, Any]) -> dict[str, Any]:
    """The object with its embedded list read to the end."""
    part = entry.get(embedded.field)
    if not isinstance(part, Mapping) or not part.get("has_more"):
        return entry
    path = embedded.path.format(id=entry["id"])
    parameters = {name: value.format(id=entry["id"]) for name, value in embedded.parameters}
    data = part["data"]
    # An embedded list that is cut off before its first entry is asked for from the start.
    rest = (
        lists.rest(path, parameters, embedded.expand, data[-1]["id"])
        if data
        else lists.entries(path, parameters, embedded.expand)
    )
    return {**entry, embedded.field: {**part, "data": [*data, *rest], "has_more": False}}


def complete_snapshot(lists: StripeLists, event: dict[str, Any]) -> dict[str, Any]:
    """The event of a subscription with more items than Stripe embeds: the others are taken as they are now.

    Only subscriptions are read out of events. Their items past the cut are in no event at all; leaving them out would
    end what they are worth at each event.
    """
    document = event["data"]["object"]
    embedded = SUBSCRIPTION_ITEMS
    part = document.get(embedded.field)
    if document.get("object") != "subscription" or not isinstance(part, Mapping) or not part.get("has_more"):
        return event
    completed = complete(lists, embedded, document)
    data = {**event["data"], "object": completed}
    before = (data.get("previous_attributes") or {}).get(embedded.field)
    if before and before.get("has_more"):
        named = {item["id"] for item in part["data"]} | {item["id"] for item in before["data"]}
        beyond = [item for item in completed[embedded.field]["data"] if item["id"] not in named]
        data["previous_attributes"] = {
            **data["previous_attributes"],
            embedded.field: {**before, "data": [*before["data"], *beyond], "has_more": False},
        }
    return {**event, "data": data}
