"""A small lake of app events that a test lands, changes and takes back, day by day.

Belongs here: partitions of raw_app with manifests, and the events of a seeded little world. Does not: how ingestion
commits them (its own tests), nor what the warehouse makes of them.
"""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import TableContract
from ingestion.lake import DATA_FILE, MANIFEST_FILE, Lake, file_sha256
from ingestion.manifest import FileStamp, Manifest
from ingestion.sources.app.contract import ACCOUNTS, AGENTS, EVENTS

Row = dict[str, Any]

FIRST_DAY = date(2026, 3, 24)  # summer time begins on the 29th
DAYS = 8
AGENTS_OF_ACCOUNTS = {"g1": "a1", "g2": "a1", "g3": "a2"}


class EventLake:
    """raw_app of one lake: events by day, one snapshot of accounts and agents."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def clear(self) -> None:
        """Empty the lake but for its accounts and agents, and a day without events: every table can be read."""
        shutil.rmtree(self._lake.root, ignore_errors=True)
        made = datetime(2026, 3, 20, 12, tzinfo=UTC)
        accounts = sorted(set(AGENTS_OF_ACCOUNTS.values()))
        self._write(ACCOUNTS, FIRST_DAY, [{"id": account, "created_at": made} for account in accounts])
        agents = [{"id": g, "account_id": a, "created_at": made} for g, a in sorted(AGENTS_OF_ACCOUNTS.items())]
        self._write(AGENTS, FIRST_DAY, agents)
        self.land(date(2026, 1, 1), [])

    def land(self, day: date, rows: Sequence[Row]) -> None:
        """Put the events received on a UTC day in place of what the day held."""
        self._write(EVENTS, day, rows)

    def land_all(self, days: Mapping[date, Sequence[Row]]) -> None:
        """Land several days."""
        for day, rows in days.items():
            self.land(day, rows)

    def lose(self, day: date) -> None:
        """Take a day's partition out of the lake."""
        shutil.rmtree(self._folder(EVENTS, day))

    def _folder(self, table: TableContract, day: date) -> Any:
        return self._lake.partition(table.source, table.name, table.partition_key, day.isoformat())

    def _write(self, table: TableContract, day: date, rows: Sequence[Row]) -> None:
        folder = self._folder(table, day)
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / DATA_FILE
        pq.write_table(pa.Table.from_pylist(list(rows), table.schema), data)
        manifest = Manifest(
            source=table.source,
            table=table.name,
            partition_key=table.partition_key,
            partition_value=day.isoformat(),
            run_id="test",
            read_at=datetime(2026, 4, 1, tzinfo=UTC),
            schema_version=table.schema_version,
            source_rows=len(rows),
            landed_rows=len(rows),
            quarantined_rows=0,
            origin="a test",
            files={DATA_FILE: FileStamp(sha256=file_sha256(data), bytes=data.stat().st_size)},
        )
        (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")


def event(event_id: str, event_type: str, occurred_at: datetime, conversation: str | None = None, **values: Any) -> Row:
    """One delivery, received three seconds after it occurred unless `received_at` says otherwise."""
    return {
        "id": event_id,
        "event_type": event_type,
        "account_id": "a1",
        "agent_id": "g1",
        "conversation_id": conversation,
        "occurred_at": occurred_at,
        "received_at": occurred_at + timedelta(seconds=3),
        **values,
    }


def by_day(rows: Iterable[Row]) -> dict[date, list[Row]]:
    """Deliveries by the UTC day they were received, in order of the days."""
    days: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        days[row["received_at"].astimezone(UTC).date()].append(row)
    return dict(sorted(days.items()))


def little_world(seed: int = 7) -> dict[date, list[Row]]:
    """Eight days of three agents, by day received: every kind of delivery that the warehouse treats differently."""
    return by_day(_deliveries(random.Random(seed)))


def _deliveries(chance: random.Random) -> Iterator[Row]:
    for number in range(DAYS * 5):
        day = FIRST_DAY + timedelta(days=number // 5)
        # Some begin just before midnight, UTC or local, and go on in the next day's partition.
        start = datetime(day.year, day.month, day.day, chance.choice([9, 14, 21, 22, 23]), 50, tzinfo=UTC)
        for row in _conversation(chance, f"c{number}", start):
            yield row
            if chance.random() < 0.1:
                yield row | {"received_at": row["received_at"] + timedelta(hours=chance.choice([1, 30]))}
            if chance.random() < 0.05:
                other = {"conversation_id": f"c{max(number - 1, 0)}", "sender": "agent"}
                yield row | other | {"received_at": row["received_at"] + timedelta(hours=2)}
        yield event(f"f{number}", "feature_used", start, feature="export")
        if number % 9 == 0:
            yield event(f"t{number}", "trial_started", start, plan="starter", trial_days=14)


def _conversation(chance: random.Random, name: str, start: datetime) -> Iterator[Row]:
    agent = chance.choice(sorted(AGENTS_OF_ACCOUNTS))
    whose: dict[str, Any] = {"agent_id": agent, "account_id": AGENTS_OF_ACCOUNTS[agent], "visitor_token": f"k1_{name}"}
    if chance.random() < 0.9:
        yield event(f"{name}-start", "conversation_started", start, name, is_test=chance.random() < 0.1, **whose)
    moment = start
    for number in range(chance.randint(1, 6)):
        moment += timedelta(minutes=chance.randint(0, 7))
        sender = "visitor" if number % 2 else "agent"
        yield event(f"{name}-m{number}", "message_sent", moment, name, sender=sender, **whose)
    if chance.random() < 0.5:
        yield event(f"{name}-rated", "response_rated", moment, name, is_accurate=chance.random() < 0.7, **whose)
    if chance.random() < 0.4:
        # A client's clock up to 20 hours fast: its event waits until its day is over.
        fast = moment + timedelta(hours=chance.choice([0, 20]))
        yield event(f"{name}-lead", "lead_captured", fast, name, **whose, received_at=moment)
    if chance.random() < 0.7:
        yield event(f"{name}-end", "conversation_ended", moment, name, **whose)
