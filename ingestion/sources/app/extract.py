"""Reading the app's database into staged partitions: two snapshots and the days of events.

Belongs here: the order of reads and the cutting of a stream into days. Does not: SQL (select), rules (screen), days
(windows), connections (postgres, embedded).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract import RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.lake import Lake
from ingestion.landing import is_intact, read_manifests
from ingestion.privacy import GUESSABLE_BELOW, PseudonymKey
from ingestion.retry import PermanentSourceError, with_retries
from ingestion.sources.app.contract import ACCOUNTS, AGENTS, EVENTS, SOURCE
from ingestion.sources.app.screen import Screened, ScreenedBatch, screen_accounts, screen_agents, screen_events
from ingestion.sources.app.select import (
    select_accounts,
    select_agents,
    select_events,
    select_first_received,
    select_unplaceable_events,
)
from ingestion.sources.app.windows import DayRange, days_to_read, newest_day, ranges, upper_bound
from ingestion.staging import PartitionWriter, Provenance

# The whole extract is one snapshot, so a cut connection means reading it all again.
EXTRACT_ATTEMPTS = 3

_EMBEDDED = "duckdb:///"
_POSTGRES = ("postgresql://", "postgres://")


class Reader(Protocol):
    """A connection that sees one state of the database. `origin` says what was read."""

    origin: str

    def query(self, sql: str) -> Iterator[pa.RecordBatch]: ...


class AppSource:
    """The app's database by DSN: `postgresql://…`, or `duckdb:///<file>`.

    `pseudonym_key` is `<key id>:<secret>`. Raises PermanentSourceError when either cannot be read.
    """

    name = SOURCE
    tables: tuple[TableContract, ...] = (ACCOUNTS, AGENTS, EVENTS)

    def __init__(self, dsn: str, pseudonym_key: str) -> None:
        self._key = PseudonymKey.parse(pseudonym_key)
        self._connect = _connector(dsn)

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        """Stage today's snapshots of accounts and agents, and the days of events that are due."""
        yield with_retries(lambda: self._stage(lake, run), attempts=EXTRACT_ATTEMPTS, progress=run.progress)

    def _stage(self, lake: Lake, run: RunContext) -> StagedBatch:
        landed = read_manifests(lake, SOURCE, EVENTS.name)
        broken = {manifest.partition_value for manifest in landed if not is_intact(lake, manifest)}
        read_to = upper_bound(run.instant, run.wall_clock())
        with self._connect() as reader:
            extraction = _Extraction(lake, run, reader, self._key)
            accounts = extraction.snapshot(ACCOUNTS, select_accounts(), screen_accounts)
            agents = extraction.snapshot(AGENTS, select_agents(), screen_agents)
            first_received = None if landed else _first_received(reader, read_to)
            days = days_to_read(landed, broken, first_received, read_to)
            unplaceable_day = newest_day(landed, days)
            events = [
                partition for asked in ranges(days, read_to) for partition in extraction.events(asked, unplaceable_day)
            ]
        warnings = [
            f"{SOURCE}.{EVENTS.name} {EVENTS.partition_key}={value}: damaged in the lake, read again"
            for value in sorted(broken)
        ]
        if self._key.is_guessable:
            warnings.append(
                f"the secret in NETVEXA_PSEUDONYM_KEY is shorter than {GUESSABLE_BELOW} characters: visitors' tokens "
                "can be guessed; choose a longer one"
            )
        return StagedBatch(SOURCE, (accounts, agents, *events), tuple(warnings))


class _Extraction:
    """One open reader being staged into one run's folders."""

    def __init__(self, lake: Lake, run: RunContext, reader: Reader, key: PseudonymKey) -> None:
        self._lake = lake
        self._run = run
        self._reader = reader
        self._key = key

    def snapshot(
        self, table: TableContract, sql: str, screen: Callable[[pa.RecordBatch], ScreenedBatch]
    ) -> StagedPartition:
        """The whole table as it is now, as the partition of the run's day."""
        day = self._run.day.isoformat()
        with PartitionWriter(self._lake, self._run, table, day, Provenance(self._reader.origin)) as writer:
            for batch in self._reader.query(sql):
                _write(writer, screen(batch).whole(_row_origin(table, day)))
            staged = writer.finish()
        self._run.progress(f"{SOURCE}.{table.name}: {staged.landed_rows} rows, {staged.quarantined_rows} quarantined")
        return staged

    def events(self, asked: DayRange, unplaceable_day: date | None) -> Iterator[StagedPartition]:
        """One partition for each day of the range, the empty ones too; one writer is open at a time.

        Events that no window holds (no received_at) are set aside with the newest day of all: the next run reads that
        day again and moves them on, so that they are counted once.
        """
        pieces = self._by_day(self._reader.query(select_events(asked.start, asked.end)))
        piece = next(pieces, None)
        rows_landed = 0
        for day in asked.days():
            provenance = Provenance(self._reader.origin, key_id=self._key.id, read_to=asked.day_read_to(day))
            with PartitionWriter(self._lake, self._run, EVENTS, day.isoformat(), provenance) as writer:
                while piece is not None and piece[0] == day:
                    _write(writer, piece[1])
                    piece = next(pieces, None)
                if day == unplaceable_day:
                    for batch in self._reader.query(select_unplaceable_events()):
                        _write(writer, screen_events(batch, self._key).whole(_row_origin(EVENTS, day.isoformat())))
                staged = writer.finish()
            rows_landed += staged.landed_rows
            yield staged
        self._run.progress(f"{SOURCE}.{EVENTS.name}: {asked.first} to {asked.last}, {rows_landed} rows")

    def _by_day(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[date, Screened]]:
        """Batches that are ordered by received_at, screened and cut where the UTC day changes."""
        for batch in batches:
            screened = screen_events(batch, self._key)
            days = pc.run_end_encode(screened.rows["received_at"].combine_chunks().cast(pa.date32()))
            start = 0
            for end, day in zip(days.run_ends.to_pylist(), days.values.to_pylist(), strict=True):
                yield day, screened.part(start, end - start, _row_origin(EVENTS, day.isoformat()))
                start = end


def _connector(dsn: str) -> Callable[[], AbstractContextManager[Reader]]:
    if dsn.startswith(_EMBEDDED):
        from ingestion.sources.app.embedded import EmbeddedReader

        path = Path("/" + unquote(dsn.removeprefix(_EMBEDDED)).lstrip("/"))
        return lambda: EmbeddedReader(path)
    if dsn.startswith(_POSTGRES):
        from ingestion.sources.app.postgres import PostgresReader

        return lambda: PostgresReader(dsn)
    message = "NETVEXA_APP_DSN must begin with postgresql:// or duckdb:///; nothing else can be read"
    raise PermanentSourceError(message)


def _write(writer: PartitionWriter, screened: Screened) -> None:
    writer.write(screened.landed)
    writer.set_aside(screened.quarantined)
    writer.count_nulled(screened.nulled)


def _first_received(reader: Reader, read_to: datetime) -> datetime | None:
    rows = [row for batch in reader.query(select_first_received(read_to)) for row in batch.to_pylist()]
    first: datetime | None = rows[0]["first_received_at"]
    return first


def _row_origin(table: TableContract, value: str) -> str:
    return f"{SOURCE}.{table.name} {table.partition_key}={value}"
