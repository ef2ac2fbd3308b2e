"""A world's inputs as the lake holds them (docs/lake.md), written without the sources' HTTP and SQL.

Belongs here: rows of each raw table, and their partitions. Does not: what ingestion itself guarantees (its own tests),
so files are not flushed or read back here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import TableContract
from ingestion.lake import DATA_FILE, MANIFEST_FILE, Lake
from ingestion.manifest import FileStamp, Manifest
from ingestion.sources.app.contract import ACCOUNTS, AGENTS, EVENTS
from ingestion.sources.rates.contract import ECB
from ingestion.sources.spend.contract import COSTS, GOOGLE_ADS, WORDPRESS_PLUGIN
from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.contract import RESOURCES
from ingestion.sources.stripe.contract import TABLES as STRIPE_TABLES
from ingestion.sources.stripe.prune import canonical, previous_state, prune
from tests.oracle.inputs import Inputs, JsonObject, Row, StripeNight

RATES_FILE = "eurofxref-hist.csv"


def write_lake(lake: Lake, inputs: Inputs) -> None:
    """Every raw table of the lake, each with at least one partition."""
    for manifest, table, rows in partitions(inputs):
        folder = lake.partition(table.source, table.name, table.partition_key, manifest.partition_value)
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(list(rows), table.schema), folder / DATA_FILE)
        (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")


def partitions(inputs: Inputs) -> Iterator[tuple[Manifest, TableContract, Sequence[Row]]]:
    """What lands: each partition's manifest, table and rows."""
    last_read = max(night.read_at for night in inputs.nights)
    for table, value, rows in _partitions(inputs):
        yield _manifest(table, value, last_read, len(rows)), table, rows


def _partitions(inputs: Inputs) -> Iterator[tuple[TableContract, str, Sequence[Row]]]:
    for snapshot in inputs.app:
        day = _utc_day(snapshot.read_at)
        yield ACCOUNTS, day, snapshot.accounts
        yield AGENTS, day, snapshot.agents
    received = _grouped(inputs.app_events, lambda row: _utc_day(row["received_at"]))
    for day, rows in (received or {_utc_day(inputs.run_at): []}).items():
        yield EVENTS, day, rows
    for resource in RESOURCES:
        table = STRIPE_TABLES[resource.name]
        for day, nights in _grouped(inputs.nights, lambda night: _utc_day(night.read_at)).items():
            yield table, day, list(_stripe_rows(nights, resource.name, resource.object_name, inputs.api_version))
    for table, rows in ((GOOGLE_ADS, inputs.google_ads), (COSTS, inputs.costs), (WORDPRESS_PLUGIN, ())):
        files = _grouped(rows, lambda row: row["source_file"])
        for name, part in (files or {"none.csv": []}).items():
            yield table, name, part
    yield (
        ECB,
        RATES_FILE,
        [
            {"rate_date": r.rate_date, "currency": r.currency, "rate": f"{r.rate:f}", "source_file": RATES_FILE}
            for r in inputs.rates
        ],
    )


def _stripe_rows(
    nights: Iterable[StripeNight], resource: str, object_name: str, api_version: str | None
) -> Iterator[Row]:
    """One row a version: what is as it landed last that day is not written again."""
    newest: dict[str, str | None] = {}
    for night in nights:
        rows = (
            (_event_row(event, api_version) for event in night.events)
            if object_name == "event"
            else (_object_row(d, canonical(prune(object_name, d))) for d in night.objects.get(resource, ()))
        )
        for row in rows:
            if row["id"] not in newest or newest[row["id"]] != row["payload"]:
                newest[row["id"]] = row["payload"]
                yield row | {"read_at": night.read_at.astimezone(UTC)}


def _event_row(event: JsonObject, api_version: str | None) -> Row:
    document, previous = event["data"]["object"], event["data"].get("previous_attributes")
    name = document["object"]
    if name not in ALLOWED:
        message = f"event {event['id']}: {name} has no allow-list and would not land; leave it out of the world"
        raise ValueError(message)
    told = {"type": event["type"], "api_version": event.get("api_version"), "object_id": document["id"]}
    if event.get("api_version") != api_version:
        # Rendered in another version it says that something changed, not what.
        return _object_row(event, None) | told | {"previous_payload": None}
    return (
        _object_row(event, canonical(prune(name, document)))
        | told
        | {
            "previous_payload": None
            if previous is None
            else canonical(prune(name, previous_state(document, previous))),
        }
    )


def _object_row(document: JsonObject, payload: str | None) -> Row:
    return {
        "id": document["id"],
        "created_at": datetime.fromtimestamp(document["created"], UTC),
        "livemode": document["livemode"],
        "payload": payload,
    }


def _manifest(table: TableContract, value: str, read_at: datetime, rows: int) -> Manifest:
    return Manifest(
        source=table.source,
        table=table.name,
        partition_key=table.partition_key,
        partition_value=value,
        run_id="oracle",
        read_at=read_at,
        schema_version=table.schema_version,
        source_rows=rows,
        landed_rows=rows,
        quarantined_rows=0,
        origin="a world of the oracle",
        files={DATA_FILE: FileStamp(sha256="", bytes=0)},
    )


def _utc_day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _grouped(rows: Iterable[Any], key: Any) -> Mapping[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(sorted(groups.items()))
