"""What changed at Stripe, by its events, and reading just that.

Belongs here: the ids that events name, and the requests that bring those objects. Does not: which event touches what
(contract), HTTP (client), what becomes of the objects (rows, partition).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.sources.stripe.client import PAGE_SIZE, StripeLists
from ingestion.sources.stripe.contract import DELETIONS, TOUCHED, Resource

# A page brings 100 objects and is about as dear as five of them asked for one by one.
READS_WORTH_A_PAGE = 5


class WholeListNeededError(Exception):
    """What changed cannot be read by itself; the message says why. The whole list has it."""


class ChangedObjects:
    """The objects that events from `since` (Unix seconds) on named, by list."""

    def __init__(self, since: int) -> None:
        self.since = since
        self._named: defaultdict[str, set[str]] = defaultdict(set)
        self._owners: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._deleted: defaultdict[str, set[str]] = defaultdict(set)

    def note(self, event: Mapping[str, Any]) -> None:
        """Take in one event, whatever API version it is rendered in: ids stand in the same places in all of them."""
        if event["created"] < self.since:
            return
        document = event["data"]["object"]
        if event["type"] in DELETIONS:
            self._deleted[DELETIONS[event["type"]]].add(document["id"])
            return
        created = document.get("created")
        is_new = isinstance(created, int) and created >= self.since
        for touch in TOUCHED.get(document.get("object"), ()):
            object_id = _id_under(document, touch.key)
            if object_id is None:
                continue
            if touch.owned_by is None:
                self._named[touch.resource].add(object_id)
            elif not is_new:
                # What belongs to a new object is new as well, and comes with the list of what is new.
                self._owners[touch.resource].add((touch.owned_by, object_id))

    def entries(self, lists: StripeLists, resource: Resource, list_rows: int) -> Iterator[Any]:
        """What is new in a list, page by page, then each other changed object by itself.

        `list_rows`: the length of the list, as far as known. Raises WholeListNeededError when the whole list is less
        work, or when an object is gone and no event said so. A deleted object brings nothing.
        """
        brought: set[str] = set()
        new = {**dict(resource.parameters), "created": {"gte": self.since}}
        for entry in lists.entries(resource.path, new, resource.expand):
            brought.add(_id_under(entry, "id") or "")
            yield entry
        named = self._named[resource.name] - self._deleted[resource.name] - brought
        owners = self._owners[resource.name]
        reads = len(named) + len(owners)
        if reads > READS_WORTH_A_PAGE * -(-list_rows // PAGE_SIZE):
            raise WholeListNeededError(f"{reads} reads for what changed")
        for owned_by, owner in sorted(owners):
            for entry in lists.entries(resource.path, {owned_by: owner}, resource.expand):
                named.discard(_id_under(entry, "id") or "")
                yield entry
        for object_id in sorted(named):
            entry = lists.entry(resource.path, object_id, resource.expand_one)
            if entry is None:
                raise WholeListNeededError("an object is gone, and no event said that it was deleted")
            if not (isinstance(entry, Mapping) and entry.get("deleted")):
                yield entry


def _id_under(document: Any, key: str) -> str | None:
    """The id under a key, also where the whole object stands in its place."""
    value = document.get(key) if isinstance(document, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and value else None
