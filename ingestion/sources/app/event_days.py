"""The days of events being staged: one stream from the server, cut where the UTC day changes.

Belongs here: keeping the server, the screening and the writing busy at once, in bounded memory, and saying how far it
has got. Does not: which days are due (windows), what lands (screen), how a partition is written (staging).

Threads share the work: one fetches (read_ahead), the caller's screens, a few encode, flush and verify. The libraries
they spend their time in let the others run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract import RunContext, StagedPartition
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import Lake
from ingestion.privacy import PseudonymKey
from ingestion.sources.app.contract import EVENT_PROPERTIES, EVENT_TYPES_LEFT, EVENTS, SOURCE
from ingestion.sources.app.drift import Column
from ingestion.sources.app.read_ahead import read_ahead
from ingestion.sources.app.screen import MAX_AHEAD, Screened, ScreenedBatch, screen_events
from ingestion.sources.app.select import select_events, select_unplaceable_events
from ingestion.sources.app.windows import DayRange, ranges
from ingestion.staging import PartitionWriter, Provenance, finish_while_writing

BETWEEN_REPORTS = timedelta(seconds=5)


class Reader(Protocol):
    """A connection that sees one state of the database. `origin` says what was read."""

    origin: str

    def query(self, sql: str) -> Generator[pa.RecordBatch]: ...

    def columns(self) -> list[Column]: ...

    def oldest_transaction(self) -> datetime | None: ...


class EventDays:
    """Events of one reader being staged into one run's folders.

    Events of the `erased` stay out, as if the app did not have them. `new_types`: rows landed so far of event types
    that no list names. They are labels, and nothing personal.
    """

    def __init__(  # noqa: PLR0913 (where it goes, what is read, and two rules of the border)
        self,
        lake: Lake,
        run: RunContext,
        reader: Reader,
        key: PseudonymKey,
        types: Mapping[str, str],
        *,
        erased: ErasedSubjects,
    ) -> None:
        self._lake = lake
        self._run = run
        self._reader = reader
        self._key = key
        self._types = types
        self._erased = erased
        self._from_future = run.wall_clock() + MAX_AHEAD
        self.new_types: Counter[str] = Counter()

    def stage(
        self, days: Sequence[date], read_to: datetime, unplaceable_day: date | None
    ) -> Generator[StagedPartition]:
        """One partition for each of `days`, in their order, the empty ones too.

        Events that no window holds are set aside with `unplaceable_day`, the newest day of all: the next run reads that
        day again and moves them on, so that they are counted once.
        """
        told = _Pace(self._run, len(days))
        writers = (writer for asked in ranges(days, read_to) for writer in self._writers(asked, unplaceable_day))
        for staged in finish_while_writing(writers):
            yield told.of(staged)
        told.end()

    def _writers(self, asked: DayRange, unplaceable_day: date | None) -> Iterator[PartitionWriter]:
        """Each day of the range, written and ready to be finished."""
        with closing(read_ahead(self._reader.query(select_events(self._types, asked.start, asked.end)))) as batches:
            pieces = self._by_day(batches)
            piece = next(pieces, None)
            for day in asked.days():
                provenance = Provenance(self._reader.origin, key_id=self._key.id, read_to=asked.day_read_to(day))
                with PartitionWriter(self._lake, self._run, EVENTS, day.isoformat(), provenance) as writer:
                    while piece is not None and piece[0] == day:
                        write(writer, piece[1])
                        piece = next(pieces, None)
                    if day == unplaceable_day:
                        self._set_aside_unplaceable(writer, day)
                    yield writer

    def _by_day(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[date, Screened]]:
        """Batches that are ordered by received_at, screened and cut where the UTC day changes."""
        for batch in batches:
            screened = self._screened(batch)
            days = pc.run_end_encode(screened.rows["received_at"].combine_chunks().cast(pa.date32()))
            start = 0
            for end, day in zip(days.run_ends.to_pylist(), days.values.to_pylist(), strict=True):
                yield day, screened.part(start, end - start, _row_origin(day))
                start = end

    def _set_aside_unplaceable(self, writer: PartitionWriter, day: date) -> None:
        for batch in self._reader.query(select_unplaceable_events(self._types, self._from_future)):
            write(writer, self._screened(batch).whole(_row_origin(day)))

    def _screened(self, batch: pa.RecordBatch) -> ScreenedBatch:
        screened = screen_events(self._erased.without(EVENTS.name, batch), self._key, self._from_future)
        for entry in pc.value_counts(screened.rows["event_type"].filter(pc.is_null(screened.reasons))).to_pylist():
            if entry["values"] not in EVENT_PROPERTIES and entry["values"] not in EVENT_TYPES_LEFT:
                self.new_types[entry["values"]] += entry["counts"]
        return screened


def write(writer: PartitionWriter, screened: Screened) -> None:
    """What was judged, into a partition."""
    writer.write(screened.landed)
    writer.set_aside(screened.quarantined)
    writer.count_nulled(screened.nulled)


class _Pace:
    """How far a read has got: told every few seconds while it lasts, and at its end."""

    def __init__(self, run: RunContext, days: int) -> None:
        self._run = run
        self._days = days
        self._done = 0
        self._rows = 0
        self._first = self._last = ""
        self._began = self._told = run.wall_clock()

    def of(self, staged: StagedPartition) -> StagedPartition:
        """Count a day that is done; returns it."""
        self._done += 1
        self._rows += staged.source_rows
        self._first = self._first or staged.partition_value
        self._last = staged.partition_value
        now = self._run.wall_clock()
        if now - self._told >= BETWEEN_REPORTS:
            self._told = now
            pace = self._rows / (now - self._began).total_seconds()
            share = f"{self._done} of {self._days} days"
            self._run.progress(
                f"{SOURCE}.{EVENTS.name}: {self._last} reached, {self._rows:,} rows, {pace:,.0f} rows/s, {share}"
            )
        return staged

    def end(self) -> None:
        if self._done:
            self._run.progress(f"{SOURCE}.{EVENTS.name}: {self._first} to {self._last}, {self._rows:,} rows")


def _row_origin(day: date) -> str:
    return f"{SOURCE}.{EVENTS.name} {EVENTS.partition_key}={day.isoformat()}"
