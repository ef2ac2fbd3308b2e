"""Small lakes for the unit tests of orchestration: partitions written and committed by ingestion's own writer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingestion.contract import INSTANT, QUARANTINE_SCHEMA, RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.lake import Lake
from ingestion.landing import commit
from ingestion.staging import PartitionWriter, Provenance

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def table_of(source: str, name: str, partition_key: str, schema: pa.Schema) -> TableContract:
    return TableContract(source, name, partition_key, schema, ("id",), "test")


def event_rows(day: str, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Good events of one UTC day, a second apart from noon on."""
    noon = datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC) + timedelta(hours=12)
    return [
        {
            "id": f"{day}-{number}",
            "event_type": "message_sent",
            "account_id": "acc_1",
            "agent_id": "agent_1",
            "conversation_id": "conversation_1",
            "visitor_token": "k1_" + "0123456789abcdef" * 4,
            "occurred_at": noon + timedelta(seconds=number),
            "received_at": noon + timedelta(seconds=number),
            "sender": "visitor",
            **changes,
        }
        for number in range(count)
    ]


def staged(  # noqa: PLR0913 (what a partition is made of)
    lake: Lake,
    table: TableContract,
    value: str,
    rows: Sequence[dict[str, Any]] = (),
    aside: Sequence[tuple[str | None, str]] = (),
    *,
    run_id: str = "earlier",
) -> StagedPartition:
    """One partition written aside: rows that land, and keys with the reason why theirs do not."""
    run = RunContext(run_id, NOW, lambda: NOW, lambda _: None)
    read_to = datetime.fromisoformat(value).replace(tzinfo=UTC) + timedelta(days=1) if table.name == "events" else None
    with PartitionWriter(lake, run, table, value, Provenance("a test", read_to=read_to)) as writer:
        writer.write(pa.Table.from_pylist(list(rows), table.schema))
        entries = [{"key": key, "reason": reason, "origin": f"row of {value}"} for key, reason in aside]
        writer.set_aside(pa.Table.from_pylist(entries, QUARANTINE_SCHEMA))
        return writer.finish()


def land(lake: Lake, *partitions: StagedPartition) -> None:
    commit(lake, StagedBatch("any", partitions))


def lake_in(folder: Path) -> Lake:
    return Lake(folder / "lake")


ACCOUNTS = table_of("app", "accounts", "snapshot_date", pa.schema([("id", pa.string())]))
INVOICES = table_of("stripe", "invoices", "read_date", pa.schema([("id", pa.string())]))
EVENTS = table_of("app", "events", "received_date", pa.schema([("id", pa.string()), ("received_at", INSTANT)]))
ECB = table_of("rates", "ecb", "file", pa.schema([("id", pa.string()), ("rate_date", pa.date32())]))
