"""Stripe's own memory: every object as it stood after each change, and the event each change sent.

A version is recorded once and never altered. How objects look is decided in stripe_objects.py; when they change, by
the engine. The state at an instant is what Stripe would answer then.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.simulator.randomness import stripe_id

Json = dict[str, Any]
OLD_API_VERSION = "2024-06-20"


@dataclass(frozen=True)
class Version:
    """An object from `at` (unix seconds) on; `event_type` is None where Stripe sends nothing."""

    at: int
    sequence: int
    resource: str
    payload: Json
    event_type: str | None
    previous: Json | None


@dataclass
class Books:
    """All versions of all Stripe objects, in the order they were written."""

    seed: int
    versions: list[Version] = field(default_factory=list)
    _latest: dict[str, Json] = field(default_factory=dict)

    def record(self, resource: str, payload: Json, at: int, event_type: str | None) -> None:
        """Put down an object as it stands from `at` on; a change that changes nothing is not written."""
        before = self._latest.get(payload["id"])
        if before == payload:
            return
        self._latest[payload["id"]] = payload
        # An object's first version answers a `created` event, which carries no previous attributes.
        previous = None if before is None else changed_attributes(before, payload)
        self.versions.append(Version(at, len(self.versions), resource, payload, event_type, previous))

    def latest(self, object_id: str) -> Json:
        """The object as last recorded. Raises KeyError when it never was."""
        return self._latest[object_id]

    def objects_at(self, instant: int) -> Iterator[tuple[str, Json]]:
        """Every object as it stood just before `instant`, as (resource, object)."""
        standing: dict[str, Version] = {}
        for version in self.versions:
            if version.at < instant:
                known = standing.get(version.payload["id"])
                if known is None or (known.at, known.sequence) < (version.at, version.sequence):
                    standing[version.payload["id"]] = version
        for version in standing.values():
            yield version.resource, version.payload

    def events_between(self, first: int, last: int, api_version: str) -> Iterator[Json]:
        """The events sent from `first` (inclusive) to `last` (exclusive), oldest first."""
        told: Counter[tuple[object, ...]] = Counter()
        for version in sorted(self.versions, key=lambda v: (v.at, v.sequence)):
            if version.event_type is not None and first <= version.at < last:
                # An object may change twice in a second, in the same way: two events, two ids.
                name = (version.payload["id"], version.at, version.event_type)
                again = (told[name],) if told[name] else ()
                told[name] += 1
                data: Json = {"object": version.payload}
                if version.previous is not None and not version.event_type.endswith((".created", ".deleted")):
                    data["previous_attributes"] = version.previous
                yield {
                    "id": stripe_id("evt", self.seed, *name, *again),
                    "object": "event",
                    # A dashboard of another age writes the customers: such events are rendered its way.
                    "api_version": OLD_API_VERSION if version.event_type == "customer.updated" else api_version,
                    "created": version.at,
                    "data": data,
                    "livemode": version.payload.get("livemode", True),
                    "pending_webhooks": 0,
                    "request": {"id": None, "idempotency_key": None},
                    "type": version.event_type,
                }


def changed_attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    """What an event calls previous_attributes: old values of changed keys, whole for lists, key by key for objects."""
    changed: Json = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changed[key] = changed_attributes(old, new)
        else:
            changed[key] = old
    return dict(sorted(changed.items()))
