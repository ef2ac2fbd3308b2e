"""Reading Stripe into staged partitions: what changed since the last run, by its events, or every list whole.

Belongs here: the order of a run, and what is asked for. Does not: when a list is due whole (plan), what an event says
(changes), HTTP (client), which row an object becomes (rows), merging with what landed earlier the same day (partition).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ingestion.contract import RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.erasure.stripe_ids import accounts_named, row_ids
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import Lake
from ingestion.retry import PermanentSourceError
from ingestion.sources.stripe.changes import ChangedObjects, WholeListNeededError
from ingestion.sources.stripe.client import TIMEOUT_SECONDS, StripeLists
from ingestion.sources.stripe.contract import (
    EVENT_DAYS,
    EVENTS,
    OBJECT_LISTS,
    PREVIEWS,
    RESOURCES,
    SOURCE,
    TABLES,
    Resource,
)
from ingestion.sources.stripe.embedded import complete, complete_snapshot
from ingestion.sources.stripe.partition import DayPartition
from ingestion.sources.stripe.plan import OVERLAP, due, oldest_event, origin_of
from ingestion.sources.stripe.rows import Fault, Row, event_row, latest_creation, object_row
from ingestion.sources.stripe.screen import entry_fault, event_fault, usable_id


class StripeSource:
    """Stripe by its API key; `api_base` is the address of a test server, None for Stripe itself.

    `sleep` waits between two attempts of a request, `timeout` is how long Stripe may keep silent (both seconds).
    `erased`: the accounts whose objects stay out, as if Stripe did not have them; none, if left out. Raises
    PermanentSourceError for an empty key.
    """

    name = SOURCE
    tables: tuple[TableContract, ...] = tuple(TABLES.values())

    def __init__(
        self,
        api_key: str,
        api_base: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = TIMEOUT_SECONDS,
        erased: ErasedSubjects | None = None,
    ) -> None:
        if not api_key.strip():
            message = "STRIPE_API_KEY is empty; set it to a restricted key with read access"
            raise PermanentSourceError(message)
        self._api_key = api_key
        self._api_base = api_base
        self._sleep = sleep
        self._timeout = timeout
        self._erased = erased

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        """Stage today's partition of every table: what landed earlier today, and every version not among it.

        Events come first: what changes while the lists are read is an event of the next run.
        """
        lists = StripeLists(self._api_key, self._api_base, run, self._sleep, self._timeout)
        reading = _Reading(lake, run, lists, self._erased)
        events = reading.stage_events()
        objects = [reading.stage_objects(resource) for resource in OBJECT_LISTS]
        yield StagedBatch(SOURCE, (*objects, events), tuple(reading.warnings))


class _Reading:
    """One run over all lists: what is due of each, what the events said changed, and what people should be told."""

    def __init__(self, lake: Lake, run: RunContext, lists: StripeLists, erased: ErasedSubjects | None) -> None:
        self._erased = erased
        self._lake = lake
        self._run = run
        self._lists = lists
        self._origin = origin_of(lists.api_version)
        self._due = {resource.name: due(lake, run, TABLES[resource.name], self._origin) for resource in RESOURCES}
        self._latest = latest_creation(run)
        self._oldest = int(oldest_event(run).timestamp())
        cursors = [it.cursor for it in self._due.values() if it.whole is None and it.cursor is not None]
        since = int((min(cursors) - OVERLAP).timestamp()) if cursors else self._oldest
        self._changed = ChangedObjects(since)
        # Unix second of the newest event seen: the next run goes on from here, whatever this machine's clock says.
        self._cursor: int | None = None
        # Why the events cannot be trusted to tell what changed, where they cannot.
        self._doubt: str | None = None
        self.warnings = [_damage(name, day) for name, it in self._due.items() for day in it.damaged]

    def stage_events(self) -> StagedPartition:
        """The events since the newest one seen, or of 30 days; without any, every list has to be read whole."""
        whole = self._due[EVENTS.name].whole
        with self._partition(EVENTS) as partition:
            self._read_events(partition, self._oldest if whole is not None else self._changed.since)
            if self._cursor is None and whole is None:
                # The newest event seen was asked for again, and is not there.
                whole = self._doubt = "Stripe no longer shows the event from which to go on"
                self._read_events(partition, self._oldest)
            if self._cursor is None:
                self.warnings.append(
                    f"{SOURCE}.{EVENTS.name}: Stripe shows no event of the last {EVENT_DAYS} days, so every list is "
                    "read whole; unless the account is idle, check that STRIPE_API_KEY is a key of the right account"
                )
            return self._finish(EVENTS, partition, whole)

    def stage_objects(self, resource: Resource) -> StagedPartition:
        """A list whole, or what changed of it where that is enough."""
        it = self._due[resource.name]
        whole = it.whole or self._doubt
        with self._partition(resource) as partition:
            if whole is None:
                try:
                    self._read(resource, partition, self._changed.entries(self._lists, resource, it.list_rows))
                except WholeListNeededError as needed:
                    whole = str(needed)
            if whole is not None:
                every = self._lists.entries(resource.path, dict(resource.parameters), resource.expand)
                self._read(resource, partition, every)
            return self._finish(resource, partition, whole)

    def _partition(self, resource: Resource) -> DayPartition:
        damaged = self._due[resource.name].damaged
        return DayPartition(self._lake, self._run, TABLES[resource.name], self._origin, damaged)

    def _finish(self, resource: Resource, partition: DayPartition, whole: str | None) -> StagedPartition:
        staged = partition.finish(is_whole=whole is not None, cursor=self._cursor)
        read = f"read whole ({whole})" if whole is not None else "changes"
        earlier = f", {partition.earlier_rows} of earlier today" if partition.earlier_rows else ""
        self._run.progress(f"{SOURCE}.{resource.name}: {partition.new_rows} versions{earlier}; {read}")
        return staged

    def _read(self, resource: Resource, partition: DayPartition, entries: Iterator[Any]) -> None:
        origin = f"Stripe GET {resource.path}"
        for entry in entries:
            fault = entry_fault(entry, self._latest)
            if fault is not None:
                partition.set_aside(Fault(usable_id(entry), fault), origin)
                continue
            document = complete(self._lists, resource.embedded, entry) if resource.embedded else entry
            row = object_row(resource.object_name, document, self._run.instant)
            if not self._is_erased(resource, row):
                partition.put(row, origin)

    def _read_events(self, partition: DayPartition, since: int) -> None:
        """Events about objects that have an allow-list land; all of them may say what changed."""
        origin = f"Stripe GET {EVENTS.path}"
        for event in self._lists.entries(EVENTS.path, {"created": {"gte": since}}):
            fault = event_fault(event, self._latest)
            if fault is not None:
                partition.set_aside(Fault(usable_id(event), fault), origin)
                continue
            self._cursor = max(self._cursor or 0, event["created"])
            if event["type"] in PREVIEWS:
                continue
            self._changed.note(event)
            snapshot = complete_snapshot(self._lists, event)
            row = event_row(snapshot, self._run.instant, self._lists.api_version)
            if row is not None and not self._is_erased(EVENTS, row):
                partition.put(row, origin)

    def _is_erased(self, resource: Resource, row: Row | Fault) -> bool:
        """Whether it is an erased account's, or an event that names one. What cannot land is told by its id alone."""
        if not self._erased:
            return False
        if isinstance(row, Fault):
            return self._erased.owns([row.key or ""])
        theirs = any(self._erased.holds("account", account_id) for account_id in accounts_named(row))
        if theirs and resource is EVENTS:
            # It tells whose the customer was: whose it is, and whether its ids are erased, its object says.
            return True
        return self._erased.owns(row_ids(resource.name, row), is_theirs=theirs)


def _damage(table: str, day: str) -> str:
    return (
        f"{SOURCE}.{table} read_date={day}: damaged in the lake, its checksum differs; its list, read whole, and the "
        f"events of {EVENT_DAYS} days take its place. What it alone knew of earlier days is in the backup of its folder"
    )
