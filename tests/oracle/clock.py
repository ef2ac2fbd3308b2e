"""Days, weeks and months as METRICS 0 cuts them: in one reporting time zone, ending at local midnight, exclusive.

Belongs here: dates out of instants and back. Does not: what happens on them.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.inputs import Inputs

ONE_DAY = timedelta(days=1)


def instant(epoch: int) -> datetime:
    """Stripe's seconds since 1970 as an aware UTC instant."""
    return datetime.fromtimestamp(epoch, UTC)


def month_of(day: date) -> date:
    return day.replace(day=1)


def week_of(day: date) -> date:
    """Monday of the ISO week."""
    return day - timedelta(days=day.weekday())


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def add_months(day: date, months: int) -> date:
    """The same day some months away, clipped to that month's length."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


@dataclass(frozen=True)
class ReportingClock:
    """The reporting time zone and the instant the run takes for now."""

    run_at: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, inputs: Inputs) -> ReportingClock:
        return cls(inputs.run_at, ZoneInfo(inputs.timezone))

    @property
    def as_of_date(self) -> date:
        """The last complete local day at run time."""
        return self.date_of(self.run_at) - ONE_DAY

    @property
    def horizon(self) -> datetime:
        """The exclusive end of `as_of_date`."""
        return self.end_of(self.as_of_date)

    def date_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """Local midnight after the day: what changes then belongs to the next day."""
        return self.start_of(day + ONE_DAY)

    def last_day_of(self, month: date) -> date:
        """The day a month is measured at: its last, or `as_of_date` in the running month."""
        return min(next_month(month) - ONE_DAY, self.as_of_date)

    def is_complete(self, month: date) -> bool:
        return next_month(month) - ONE_DAY <= self.as_of_date

    def months(self, first: date) -> Iterator[date]:
        """Every month from the one of `first` to the one of `as_of_date`."""
        month = month_of(first)
        while month <= self.as_of_date:
            yield month
            month = next_month(month)
