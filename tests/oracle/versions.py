"""Versions of a subscription: what it was, from when, as events and re-reads tell (METRICS 2.2, History 1).

Belongs here: objects with the instant they hold from. Does not: invoice lines (history) or money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

from tests.oracle.clock import instant
from tests.oracle.inputs import JsonObject
from tests.oracle.stripe_books import StripeBooks, reference

EVENT_DAYS = timedelta(days=30)
SUBSCRIPTION_EVENT = "customer.subscription."
# Same-second events are put in order by what each says was before; beyond this many, by id.
MAX_TIED_EVENTS = 5


@dataclass(frozen=True)
class Version:
    """A subscription as it was from `valid_from` until the next version."""

    valid_from: datetime
    document: JsonObject


def versions_of(books: StripeBooks) -> Mapping[str, Sequence[Version]]:
    """All versions of every subscription, oldest first."""
    found: dict[str, list[tuple[datetime, int, int, Version]]] = defaultdict(list)
    for number, night in enumerate(books.nights):
        signals = books.signals(night, SUBSCRIPTION_EVENT)
        events: dict[str, list[JsonObject]] = defaultdict(list)
        for event in books.events(night):
            if event["type"].startswith(SUBSCRIPTION_EVENT):
                events[event["data"]["object"]["id"]].append(event)
        for subscription_id, told in events.items():
            for order, version in enumerate(_told_by_events(told, night.read_at, signals.get(subscription_id, ()))):
                found[subscription_id].append((version.valid_from, number, order, version))
        for document in books.read(night, "subscriptions"):
            told_last = max((instant(event["created"]) for event in events.get(document["id"], ())), default=None)
            signal = max(signals.get(document["id"], ()), default=None)
            # What a signal changed is known by the read that follows it.
            if told_last is None or (signal is not None and signal > told_last):
                since = max(filter(None, (_since(document, night.read_at), signal)))
                version = Version(since, document)
                found[document["id"]].append((version.valid_from, number, 0, version))
    return {
        subscription_id: [entry[3] for entry in sorted(entries, key=lambda entry: entry[:3])]
        for subscription_id, entries in found.items()
    }


def _since(document: JsonObject, read_at: datetime) -> datetime:
    """How far back a state without an event before it is known: Stripe would have sent one."""
    return max(instant(document["created"]), read_at - EVENT_DAYS)


def _told_by_events(events: Sequence[JsonObject], read_at: datetime, signals: Sequence[datetime]) -> Iterable[Version]:
    """The events' versions, and the one before the first, as far back as nothing was heard of the object."""
    ordered = _in_order(events)
    first, before = instant(ordered[0]["created"]), _before(ordered[0])
    if before is not None:
        heard = [signal for signal in signals if signal < first]
        yield Version(max([_since(ordered[0]["data"]["object"], read_at), *heard]), before)
    for event in ordered:
        yield Version(instant(event["created"]), event["data"]["object"])


def _before(event: JsonObject) -> JsonObject | None:
    previous = event["data"].get("previous_attributes")
    return None if previous is None else laid_over(event["data"]["object"], previous)


def laid_over(document: JsonObject, previous: JsonObject) -> dict[str, Any]:
    """The object before an event: `previous_attributes` over what it is after, list entries matched by id."""
    return {**document, **{name: _as_it_was(document.get(name), value) for name, value in previous.items()}}


def _as_it_was(after: Any, before: Any) -> Any:
    if isinstance(after, Mapping) and isinstance(before, Mapping):
        return laid_over(after, before)
    if isinstance(after, list) and isinstance(before, list):
        known = {reference(entry): entry for entry in after}
        return [_as_it_was(known.get(reference(entry)), entry) for entry in before]
    return before


def _in_order(events: Sequence[JsonObject]) -> list[JsonObject]:
    """By `created`; within a second each event follows the one that left what it says was before."""
    seconds: dict[int, list[JsonObject]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event["created"], event["id"])):
        seconds[event["created"]].append(event)
    ordered: list[JsonObject] = []
    for _, tied in sorted(seconds.items()):
        ordered += _chained(tied, ordered[-1] if ordered else None)
    return ordered


def _chained(tied: list[JsonObject], last: JsonObject | None) -> list[JsonObject]:
    if len(tied) == 1 or len(tied) > MAX_TIED_EVENTS:
        return tied

    def links(order: Sequence[JsonObject]) -> int:
        chain = [last, *order] if last is not None else list(order)
        joined = sum(_before(b) == a["data"]["object"] for a, b in pairwise(chain))
        return joined + (order[0]["type"] == f"{SUBSCRIPTION_EVENT}created")

    return list(max(permutations(tied), key=links))


def in_force(versions: Sequence[Version], moment: datetime) -> JsonObject | None:
    """The version in force at a moment, None before the first."""
    known = [version.document for version in versions if version.valid_from <= moment]
    return known[-1] if known else None
