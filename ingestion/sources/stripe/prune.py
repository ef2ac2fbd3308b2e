"""Cutting Stripe's objects down to the allow-list, laying an event's previous attributes over its object, and the
canonical text of the result.

Belongs here: functions from JSON to JSON. Does not: which fields those are (allow_list), HTTP (client).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ingestion.personal import reads_as_email
from ingestion.privacy import is_impersonal
from ingestion.sources.stripe.allow_list import ALLOWED, LABELS, Fields

JsonObject = Mapping[str, Any]

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
_STRIPES_OWN = re.compile(r"[a-z]{2,8}_[A-Za-z0-9]{1,64}")
_MAX_TEXT = 255
# What is no id is one of a few words, over and over.
_reads_as_email = lru_cache(maxsize=4096)(reads_as_email)


def prune(object_name: str, document: JsonObject) -> dict[str, Any]:
    """The allow-listed fields of one object. Raises KeyError for an object that has no allow-list."""
    return _prune_mapping(document, ALLOWED[object_name])


def previous_state(document: JsonObject, previous_attributes: JsonObject) -> dict[str, Any]:
    """The object before an event: its state after, with `previous_attributes` laid over it.

    Mappings are merged key by key. A list given there is the whole list as it was; its entries may name only what
    changed, so each is laid over the entry of the same `id` where there is one.
    """
    merged = dict(document)
    for name, before in previous_attributes.items():
        after = document.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            merged[name] = previous_state(after, before)
        elif isinstance(before, list) and isinstance(after, list):
            merged[name] = _previous_list(after, before)
        else:
            merged[name] = before
    return merged


def canonical(document: JsonObject) -> str:
    """JSON text with sorted keys and no spaces: equal objects give equal text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _previous_list(after: list[Any], before: list[Any]) -> list[Any]:
    known = {entry["id"]: entry for entry in after if isinstance(entry, Mapping) and "id" in entry}

    def laid_over(entry: Any) -> Any:
        if isinstance(entry, Mapping) and entry.get("id") in known:
            return previous_state(known[entry["id"]], entry)
        return entry

    return [laid_over(entry) for entry in before]


def _prune_mapping(document: JsonObject, fields: Fields) -> dict[str, Any]:
    pruned = {name: _prune_field(document[name], allowed) for name, allowed in fields.items() if name in document}
    return {name: None if name in LABELS and _is_personal(value) else value for name, value in pruned.items()}


def _is_personal(value: Any) -> bool:
    return isinstance(value, str) and not is_impersonal(value)


def _prune_field(value: Any, allowed: Fields | None) -> Any:
    if isinstance(value, list):
        return [_prune_field(entry, allowed) for entry in value]
    if isinstance(value, Mapping):
        if allowed is None:
            # An expanded object where only the reference was asked for.
            return _reference(value.get("id"))
        return _prune_mapping(value, allowed)
    if isinstance(value, str):
        # Where an object may stand, a text is its id; free text must not slip through in its place.
        return _reference(value) if allowed is not None else _plain(value)
    return value


def _plain(value: str) -> str | None:
    """Ids of coupons and of accounts are typed by people: a text lands unless it is somebody's e-mail address."""
    return None if is_address(value) else value[:_MAX_TEXT]


def is_address(text: str) -> bool:
    """Whether a text holds an e-mail address. Stripe's own ids, which are most texts, are known by their form."""
    return not _STRIPES_OWN.fullmatch(text) and _reads_as_email(text)


def _reference(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
