"""Reading Stripe into staged partitions: every list whole, and the events of the last 30 days.

Belongs here: from objects to rows, and merging with what landed earlier the same day. Does not: HTTP (client), pruning
(prune).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.lake import DATA_FILE, Lake
from ingestion.landing import is_intact, read_manifests
from ingestion.retry import PermanentSourceError
from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.client import StripeLists
from ingestion.sources.stripe.contract import EVENT_DAYS, RESOURCES, SOURCE, TABLES, EmbeddedList, Resource
from ingestion.sources.stripe.prune import canonical, previous_state, prune
from ingestion.staging import PartitionWriter, Provenance

BATCH_ROWS = 500

Row = dict[str, Any]


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

    def stage(self, lake: Lake, run: RunContext) -> StagedBatch:
        """Stage today's partition of every table: what landed earlier today, and every version not among it."""
        lists = StripeLists(self._api_key, self._api_base, run.progress, self._sleep)
        warnings: list[str] = []
        partitions = tuple(_stage_resource(lake, run, lists, resource, warnings.append) for resource in RESOURCES)
        return StagedBatch(SOURCE, partitions, tuple(warnings))


def _stage_resource(
    lake: Lake, run: RunContext, lists: StripeLists, resource: Resource, warn: Callable[[str], None]
) -> StagedPartition:
    table = TABLES[resource.name]
    day = run.day.isoformat()
    known: set[bytes] = set()
    with PartitionWriter(lake, run, table, day, Provenance(f"Stripe API {lists.api_version}")) as writer:
        for rows in _landed_today(lake, table, day, warn):
            known.update(_version(row) for row in rows.select(["id", "payload"]).to_pylist())
            writer.write(rows)
        kept = len(known)
        batch: list[Row] = []
        for row in _rows(lists, resource, run, warn):
            version = _version(row)
            if version in known:
                continue
            known.add(version)
            batch.append(row)
            if len(batch) >= BATCH_ROWS:
                writer.write(pa.Table.from_pylist(batch, table.schema))
                batch = []
        writer.write(pa.Table.from_pylist(batch, table.schema))
        staged = writer.finish()
    run.progress(f"{SOURCE}.{table.name}: {staged.landed_rows - kept} versions, {kept} of earlier today")
    return staged


def _landed_today(lake: Lake, table: TableContract, day: str, warn: Callable[[str], None]) -> Iterator[pa.Table]:
    """Rows that landed earlier the same day. They stay, so that a second run of a day loses no version."""
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


def _rows(lists: StripeLists, resource: Resource, run: RunContext, warn: Callable[[str], None]) -> Iterator[Row]:
    if resource.object_name == "event":
        yield from _event_rows(lists, resource, run, warn)
        return
    for entry in lists.entries(resource.path, dict(resource.parameters), resource.expand):
        document = _complete(lists, resource.embedded, entry) if resource.embedded else entry
        yield _object_row(entry, canonical(prune(resource.object_name, document)), run)


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


def _event_rows(lists: StripeLists, resource: Resource, run: RunContext, warn: Callable[[str], None]) -> Iterator[Row]:
    """Events about objects that have an allow-list; the others are about what is not read at all."""
    cut_off = 0
    since = int((run.instant - timedelta(days=EVENT_DAYS)).timestamp())
    for event in lists.entries(resource.path, {"created": {"gte": since}}):
        document = event["data"]["object"]
        object_name = document.get("object")
        if object_name not in ALLOWED:
            continue
        cut_off += any(isinstance(part, dict) and bool(part.get("has_more")) for part in document.values())
        previous = event["data"].get("previous_attributes")
        yield _object_row(event, canonical(prune(object_name, document)), run) | {
            "type": event["type"],
            "api_version": event.get("api_version"),
            "object_id": document.get("id"),
            "previous_payload": (
                canonical(prune(object_name, previous_state(document, previous))) if previous is not None else None
            ),
        }
    if cut_off:
        warn(f"{SOURCE}.{resource.name}: {cut_off} snapshots hold only the beginning of a list (Stripe cuts it off)")


def _object_row(entry: dict[str, Any], payload: str, run: RunContext) -> Row:
    created = entry.get("created")
    return {
        "id": entry["id"],
        "created_at": datetime.fromtimestamp(created, UTC) if created is not None else None,
        "livemode": entry.get("livemode"),
        "read_at": run.instant.astimezone(UTC),
        "payload": payload,
    }


def _version(row: Row) -> bytes:
    """What makes a row a version of its own: 16 bytes, so that a long list is remembered in little memory."""
    return hashlib.blake2b(f"{row['id']}\n{row['payload']}".encode(), digest_size=16).digest()
