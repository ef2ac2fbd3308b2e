"""Reading Stripe into staged partitions: every list whole, and the events of the last 30 days.

Belongs here: what is asked for, and merging with what landed earlier the same day. Does not: HTTP (client), which row
an object becomes (rows).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.lake import DATA_FILE, Lake
from ingestion.landing import is_intact, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.stripe.client import StripeLists
from ingestion.sources.stripe.contract import (
    EVENT_DAYS,
    RESOURCES,
    SOURCE,
    SUBSCRIPTION_ITEMS,
    TABLES,
    EmbeddedList,
    Resource,
)
from ingestion.sources.stripe.rows import Row, event_row, object_row, version_of
from ingestion.staging import PartitionWriter, Provenance

BATCH_ROWS = 500


class StripeSource:
    """Stripe by its API key; `api_base` is the address of a test server, None for Stripe itself.

    `sleep` waits between two attempts of a request (seconds). Raises PermanentSourceError for an empty key.
    """

    name = SOURCE
    tables: tuple[TableContract, ...] = tuple(TABLES.values())

    def __init__(self, api_key: str, api_base: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        if not api_key.strip():
            message = "STRIPE_API_KEY is empty; set it to a restricted key with read access"
            raise PermanentSourceError(message)
        self._api_key = api_key
        self._api_base = api_base
        self._sleep = sleep

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        """Stage today's partition of every table: what landed earlier today, and every version not among it."""
        lists = StripeLists(self._api_key, self._api_base, run.progress, self._sleep)
        warnings: list[str] = []
        partitions = tuple(_stage_resource(lake, run, lists, resource, warnings.append) for resource in RESOURCES)
        yield StagedBatch(SOURCE, partitions, tuple(warnings))


def _stage_resource(
    lake: Lake, run: RunContext, lists: StripeLists, resource: Resource, warn: Callable[[str], None]
) -> StagedPartition:
    table = TABLES[resource.name]
    day = run.day.isoformat()
    # The newest version of each object that landed earlier today: an object that changes back is a version again.
    newest: dict[str, bytes] = {}
    kept = 0
    with PartitionWriter(lake, run, table, day, Provenance(f"Stripe API {lists.api_version}")) as writer:
        for rows in _landed_today(lake, table, day, warn):
            newest.update((row["id"], version_of(row)) for row in rows.select(["id", "payload"]).to_pylist())
            kept += rows.num_rows
            writer.write(rows)
        batch: list[Row] = []
        for row in _rows(lists, resource, run):
            version = version_of(row)
            if newest.get(row["id"]) == version:
                continue
            newest[row["id"]] = version
            batch.append(row)
            if len(batch) >= BATCH_ROWS:
                writer.write(pa.Table.from_pylist(batch, table.schema))
                batch = []
        writer.write(pa.Table.from_pylist(batch, table.schema))
        staged = writer.finish()
    run.progress(f"{SOURCE}.{table.name}: {staged.landed_rows - kept} versions, {kept} of earlier today")
    return staged


def _landed_today(lake: Lake, table: TableContract, day: str, warn: Callable[[str], None]) -> Iterator[pa.Table]:
    """Rows that landed earlier the same day, oldest first. They stay: a second run of a day loses no version."""
    for manifest in read_manifests(lake, SOURCE, table.name):
        if manifest.partition_value != day:
            continue
        if not is_intact(lake, manifest):
            warn(f"{SOURCE}.{table.name} {table.partition_key}={day}: damaged in the lake, read again without it")
            continue
        folder = lake.partition(SOURCE, table.name, table.partition_key, day)
        with pq.ParquetFile(folder / DATA_FILE) as landed:
            for batch in landed.iter_batches(batch_size=BATCH_ROWS):
                yield pa.Table.from_batches([batch]).cast(table.schema)


def _rows(lists: StripeLists, resource: Resource, run: RunContext) -> Iterator[Row]:
    if resource.object_name == "event":
        yield from _event_rows(lists, resource, run)
        return
    for entry in lists.entries(resource.path, dict(resource.parameters), resource.expand):
        document = _complete(lists, resource.embedded, entry) if resource.embedded else entry
        yield object_row(resource.object_name, document, run.instant)


def _complete(lists: StripeLists, embedded: EmbeddedList, entry: dict[str, Any]) -> dict[str, Any]:
    """The object with its embedded list read to the end."""
    part = entry.get(embedded.field)
    if not part or not part.get("has_more"):
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


def _event_rows(lists: StripeLists, resource: Resource, run: RunContext) -> Iterator[Row]:
    """Events about objects that have an allow-list; the others are about what is not read at all."""
    since = int((run.instant - timedelta(days=EVENT_DAYS)).timestamp())
    for event in lists.entries(resource.path, {"created": {"gte": since}}):
        row = event_row(_complete_snapshot(lists, event), run.instant, lists.api_version)
        if row is not None:
            yield row


def _complete_snapshot(lists: StripeLists, event: dict[str, Any]) -> dict[str, Any]:
    """The event of a subscription with more items than Stripe embeds: the others are taken as they are now.

    Only subscriptions are read out of events. Their items past the cut are in no event at all; leaving them out would
    end what they are worth at each event.
    """
    document = event["data"]["object"]
    embedded = SUBSCRIPTION_ITEMS
    if document.get("object") != "subscription" or not document.get(embedded.field, {}).get("has_more"):
        return event
    complete = _complete(lists, embedded, document)
    data = {**event["data"], "object": complete}
    before = (data.get("previous_attributes") or {}).get(embedded.field)
    if before and before.get("has_more"):
        named = {item["id"] for item in document[embedded.field]["data"]} | {item["id"] for item in before["data"]}
        beyond = [item for item in complete[embedded.field]["data"] if item["id"] not in named]
        data["previous_attributes"] = {
            **data["previous_attributes"],
            embedded.field: {**before, "data": [*before["data"], *beyond], "has_more": False},
        }
    return {**event, "data": data}
