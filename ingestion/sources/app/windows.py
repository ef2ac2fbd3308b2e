"""Which days of events a run reads, decided from the lake's own manifests.

Belongs here: calendar arithmetic over UTC days. Does not: reading the database or the lake.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ingestion.contract import Backfill
from ingestion.manifest import Manifest
from ingestion.retry import PermanentSourceError

# How long a transaction may stay open and still have all it wrote found, unless the settings say otherwise.
LOOK_BACK = timedelta(days=3)
# Transactions take time to commit: what was received in the last minutes may not all be visible yet.
SETTLING = timedelta(minutes=5)
# Days asked for in one statement: the server sorts no more than this, and a first load shows its progress.
MAX_DAYS_PER_READ = 31

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Consecutive UTC days, both ends included, read to `read_to` (exclusive)."""

    first: date
    last: date
    read_to: datetime

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return self.day_read_to(self.last)

    def days(self) -> Iterator[date]:
        return _days(self.first, self.last)

    def day_read_to(self, day: date) -> datetime:
        return min(midnight(day + _DAY), self.read_to)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def upper_bound(instant: datetime, wall_clock: datetime) -> datetime:
    """The exclusive end of what may be read: the run's instant, and never the last minutes before now."""
    return min(instant, wall_clock - SETTLING).astimezone(UTC)


def last_day(read_to: datetime) -> date:
    """The UTC day that holds the last instant before `read_to`."""
    return (read_to - timedelta(microseconds=1)).date()


def days_to_read(  # noqa: PLR0913 (each is a reason of its own to read a day)
    landed: Collection[Manifest],
    broken: Collection[str],
    first_received: datetime | None,
    read_to: datetime,
    *,
    look_back: timedelta = LOOK_BACK,
    asked: Collection[date] = (),
    left_through: date | None = None,
) -> list[date]:
    """UTC days to read, in order.

    Read are: the look-back before the newest landed day and all that follows, days no run has landed, days a run landed
    before they were over, days whose files are damaged (`broken`, partition values), days a person wants again
    (`asked`). Never read is a day that already landed up to a later instant than `read_to`: an earlier run instant must
    not cut short what is known. Nor a day up to `left_through`: it has left the lake, and its sums count.
    """
    last = last_day(read_to)
    ends = {day: end for day, end in _landed_to(landed).items() if day.isoformat() not in broken}
    known = _landed_to(landed).keys()
    starts = [*known, *asked, *([first_received.astimezone(UTC).date()] if first_received else [])]
    first = min(starts, default=last)
    if left_through is not None:
        first = max(first, left_through + _DAY)
    look_back_from = max(known) - look_back if known else first

    def wanted(day: date) -> bool:
        end = min(midnight(day + _DAY), read_to)
        if day not in ends or ends[day] < end:
            return True
        return ends[day] == end and (day >= look_back_from or day in asked)

    return [day for day in _days(first, last) if wanted(day)]


def settled_before(read_to: datetime, look_back: timedelta) -> date:
    """The day that the next run's look-back begins with: no later run reads the days before it by itself."""
    return last_day(read_to) - look_back


def backfill_days(
    backfill: Backfill, first_received: datetime | None, read_to: datetime, left_through: date | None = None
) -> list[date]:
    """The days a person wants read again; from history's first day, up to the newest, where none is given.

    Raises PermanentSourceError when a day lies after the newest or before history: reading that would land an empty
    day over one whose rows the app no longer has. Likewise for a day up to `left_through`, which counts by its sums.
    """
    last = last_day(read_to)
    if first_received is None:
        message = "the app has no events, so no day can be read again; what has landed stays"
        raise PermanentSourceError(message)
    beginning = first_received.astimezone(UTC).date()
    if left_through is not None:
        if backfill.first is not None and backfill.first <= left_through:
            message = (
                f"{backfill.first} cannot be read again: the events up to {left_through} have left the lake, summed "
                f"up by day (netvexa retention); begin with {left_through + _DAY}"
            )
            raise PermanentSourceError(message)
        beginning = max(beginning, left_through + _DAY)
    wanted = DayRange(backfill.first or beginning, backfill.last or last, read_to)
    if wanted.last > last:
        message = f"{wanted.last} cannot be read again: the newest day that can be read is {last}; end with it"
        raise PermanentSourceError(message)
    if wanted.first < beginning:
        message = (
            f"{wanted.first} cannot be read again: the app's events begin on {beginning}, and what has landed of the "
            "days before stays; begin with that day"
        )
        raise PermanentSourceError(message)
    return list(wanted.days())


def _landed_to(landed: Collection[Manifest]) -> dict[date, datetime]:
    """Landed days, each with the exclusive end of what was read of it."""
    return {date.fromisoformat(manifest.partition_value): manifest.read_to or manifest.read_at for manifest in landed}


def newest_day(landed: Collection[Manifest], days: Sequence[date]) -> date | None:
    """The newest day there is, if it is among those being read; None when a newer one stays as it landed."""
    known = [date.fromisoformat(manifest.partition_value) for manifest in landed]
    return days[-1] if days and days[-1] >= max(known, default=days[-1]) else None


def ranges(days: Iterable[date], read_to: datetime) -> list[DayRange]:
    """The days as runs of consecutive ones, none longer than MAX_DAYS_PER_READ."""
    found: list[DayRange] = []
    for day in sorted(days):
        if found and found[-1].last + _DAY == day and (day - found[-1].first) < MAX_DAYS_PER_READ * _DAY:
            found[-1] = DayRange(found[-1].first, day, found[-1].read_to)
        else:
            found.append(DayRange(day, day, read_to))
    return found


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + offset * _DAY
