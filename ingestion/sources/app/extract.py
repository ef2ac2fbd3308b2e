"""Reading the app's database into staged partitions: two snapshots and the days of events that are due.

Belongs here: the order of reads, what lands by itself, and going on after a cut. Does not: SQL (select), rules
(screen), days (windows, event_days), connections (postgres, embedded).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from ingestion.contract import RunContext, StagedBatch, StagedPartition, TableContract
from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.folding.fold import newest_folded_day
from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.manifest import Manifest
from ingestion.privacy import GUESSABLE_BELOW, PseudonymKey
from ingestion.retry import PermanentSourceError, with_retries
from ingestion.sources.app.contract import ACCOUNTS, AGENTS, EVENTS, SOURCE
from ingestion.sources.app.damage import damaged_days
from ingestion.sources.app.drift import check_shape
from ingestion.sources.app.event_days import EventDays, Reader, write
from ingestion.sources.app.screen import ScreenedBatch, screen_accounts, screen_agents
from ingestion.sources.app.select import select_accounts, select_agents, select_first_received
from ingestion.sources.app.windows import (
    LOOK_BACK,
    backfill_days,
    days_to_read,
    newest_day,
    settled_before,
    upper_bound,
)
from ingestion.staging import PartitionWriter, Provenance

# Attempts to get the next batch. What was staged of it is read again as one snapshot; what has settled is not.
EXTRACT_ATTEMPTS = 3
# Settled days land by themselves once they hold this many rows: rarely enough that gate 1 (seconds a batch) stays a
# small part of a first load, often enough that a killed one has minutes to make up. A usual night never gets there.
SETTLED_ROWS = 1_000_000

_EMBEDDED = "duckdb:///"
_POSTGRES = ("postgresql://", "postgres://")


class AppSource:
    """The app's database by DSN: `postgresql://…`, or `duckdb:///<file>`.

    `pseudonym_key` is `<key id>:<secret>`. `look_back`: whole days before the newest landed one that are read again
    each run, for what was committed late. `erased`: whose rows stay out, as if the app did not have them; none, if left
    out. Raises PermanentSourceError when DSN or key cannot be read.
    """

    name = SOURCE
    tables: tuple[TableContract, ...] = (ACCOUNTS, AGENTS, EVENTS)

    def __init__(
        self,
        dsn: str,
        pseudonym_key: str,
        look_back: timedelta = LOOK_BACK,
        erased: ErasedSubjects | None = None,
    ) -> None:
        self._key = PseudonymKey.parse(pseudonym_key)
        self._erased = erased or ErasedSubjects(KeyRing((self._key,)), {})
        self._connect = _connector(dsn)
        self._look_back = look_back

    def stage(self, lake: Lake, run: RunContext) -> Iterator[StagedBatch]:
        """Stage today's snapshots of accounts and agents, and the days of events that are due.

        Settled days come first, about SETTLED_ROWS at a time. After a cut connection the read goes on behind them.
        """
        settled: set[date] = set()
        # Kept over the attempts, each once and in order: a damaged day that has settled is not damaged any more.
        warnings: dict[str, None] = {}
        batches = self._batches(lake, run, settled, warnings)

        def next_batch() -> StagedBatch | None:
            nonlocal batches
            try:
                return next(batches, None)
            except Exception:
                # A generator that raised is at its end: another attempt needs another one.
                batches = self._batches(lake, run, settled, warnings)
                raise

        try:
            while (batch := with_retries(next_batch, attempts=EXTRACT_ATTEMPTS, progress=run.progress)) is not None:
                yield batch
        finally:
            batches.close()

    def _batches(
        self, lake: Lake, run: RunContext, settled: set[date], warnings: dict[str, None]
    ) -> Generator[StagedBatch]:
        """All that is due besides the days `settled` names, read in one snapshot.

        Adds to `settled` what it yields as such, and to `warnings` what the last batch will tell.
        """
        _require_whole_snapshots(lake, run)
        landed = read_manifests(lake, SOURCE, EVENTS.name)
        broken = damaged_days(lake, landed, run.day)
        read_to = upper_bound(run.instant, run.wall_clock())
        with self._connect() as reader:
            shape = check_shape(reader.columns())
            warnings.update(dict.fromkeys([*shape.warnings, *self._standing_warnings(run, reader)]))
            due = self._days(
                reader,
                run,
                landed=landed,
                broken=broken,
                read_to=read_to,
                left_through=newest_folded_day(lake),
                warnings=warnings,
            )
            days = [day for day in due if day not in settled]
            snapshots = (
                self._snapshot(
                    lake, run, reader, ACCOUNTS, sql=select_accounts(shape.types["accounts"]), screen=screen_accounts
                ),
                self._snapshot(
                    lake, run, reader, AGENTS, sql=select_agents(shape.types["agents"]), screen=screen_agents
                ),
            )
            events = EventDays(lake, run, reader, self._key, shape.types["events"], erased=self._erased)
            open_from = settled_before(read_to, self._look_back)
            held: list[StagedPartition] = []
            with closing(events.stage(days, read_to, newest_day(landed, days))) as staged:
                for partition in staged:
                    held.append(partition)
                    day = date.fromisoformat(partition.partition_value)
                    if day < open_from and sum(each.landed_rows for each in held) >= SETTLED_ROWS:
                        settled.update(date.fromisoformat(each.partition_value) for each in held)
                        yield StagedBatch(SOURCE, tuple(held), is_settled=True)
                        held = []
        warnings.update(dict.fromkeys(_new_types(events)))
        yield StagedBatch(SOURCE, (*snapshots, *held), tuple(warnings))

    def _days(  # noqa: PLR0913 (what the lake holds, what the source holds, and what is asked)
        self,
        reader: Reader,
        run: RunContext,
        *,
        landed: list[Manifest],
        broken: set[str],
        read_to: datetime,
        left_through: date | None,
        warnings: dict[str, None],
    ) -> list[date]:
        """The days that are due, and a warning for each that is not what it should be."""
        backfill = run.backfill if run.backfill is not None and run.backfill.source == SOURCE else None
        first_received = _first_received(reader, read_to) if backfill is not None or not landed else None
        asked = backfill_days(backfill, first_received, read_to, left_through) if backfill is not None else []
        days = days_to_read(
            landed,
            broken,
            first_received,
            read_to,
            look_back=self._look_back,
            asked=asked,
            left_through=left_through,
        )
        for value in sorted(broken & {day.isoformat() for day in days}):
            warnings[_of_day(value, "damaged in the lake, read again")] = None
        for day in sorted(set(asked) - set(days)):
            warnings[_of_day(day.isoformat(), "not read again: it landed up to a later instant than this run's")] = None
        return days

    def _snapshot(  # noqa: PLR0913 (where it goes, what is read, how it is judged)
        self,
        lake: Lake,
        run: RunContext,
        reader: Reader,
        table: TableContract,
        *,
        sql: str,
        screen: Callable[[pa.RecordBatch], ScreenedBatch],
    ) -> StagedPartition:
        """The whole table as it is now, as the partition of the run's day."""
        day = run.day.isoformat()
        with PartitionWriter(lake, run, table, day, Provenance(reader.origin)) as writer:
            for batch in reader.query(sql):
                screened = screen(self._erased.without(table.name, batch))
                write(writer, screened.whole(f"{SOURCE}.{table.name} {table.partition_key}={day}"))
            staged = writer.finish()
        run.progress(f"{SOURCE}.{table.name}: {staged.landed_rows} rows, {staged.quarantined_rows} quarantined")
        return staged

    def _standing_warnings(self, run: RunContext, reader: Reader) -> Iterator[str]:
        if self._key.is_guessable:
            yield (
                f"the secret in NETVEXA_PSEUDONYM_KEY is shorter than {GUESSABLE_BELOW} characters: visitors' tokens "
                "can be guessed; choose a longer one"
            )
        oldest = reader.oldest_transaction()
        if oldest is not None and oldest < run.wall_clock() - self._look_back:
            yield (
                f"{SOURCE}: a transaction has been open since {oldest:%Y-%m-%d %H:%M} UTC, longer than the look-back "
                f"of {self._look_back.days} days: events it commits now would be missed; end it, then backfill from "
                "that day"
            )


def _require_whole_snapshots(lake: Lake, run: RunContext) -> None:
    """Raise PermanentSourceError when an earlier day's snapshot is damaged: the app only knows what is now."""
    lost = [
        f"{SOURCE}.{table.name} {table.partition_key}={value}"
        for table in (ACCOUNTS, AGENTS)
        for value in sorted(damaged_days(lake, read_manifests(lake, SOURCE, table.name), run.day))
        if value != run.day.isoformat()
    ]
    if lost:
        message = (
            f"{', '.join(lost)}: damaged in the lake, and no past day can be read again; put its folder "
            "back from the backup, or delete it to go on without what that day alone knew"
        )
        raise PermanentSourceError(message)


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


def _first_received(reader: Reader, read_to: datetime) -> datetime | None:
    rows = [row for batch in reader.query(select_first_received(read_to)) for row in batch.to_pylist()]
    first: datetime | None = rows[0]["first_received_at"]
    return first


def _new_types(events: EventDays) -> list[str]:
    if not events.new_types:
        return []
    counted = ", ".join(f"{name} ({count:,})" for name, count in sorted(events.new_types.items()))
    return [
        f"{SOURCE}.{EVENTS.name}: event types that no list names, landed without properties: {counted}; name them in "
        "ingestion/sources/app/contract.py"
    ]


def _of_day(value: str, what: str) -> str:
    return f"{SOURCE}.{EVENTS.name} {EVENTS.partition_key}={value}: {what}"
