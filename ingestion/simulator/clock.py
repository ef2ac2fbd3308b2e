"""Calendar arithmetic of the simulated company: local days, month-end anchors, integer seconds.

Only conversions between instants and calendar units belong here; what happens at an instant is decided elsewhere.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Europe/Berlin")
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def unix(instant: datetime) -> int:
    """Whole seconds since the epoch. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} carries no offset; give an aware datetime")
    return int(instant.timestamp())


def instant_of(seconds: int) -> datetime:
    """The UTC instant of whole seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def local_date(instant: datetime) -> date:
    """The calendar day of an instant at the company's seat."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} carries no offset; give an aware datetime")
    return instant.astimezone(LOCAL_ZONE).date()


def local_midnight(day: date) -> int:
    """Unix seconds of the first instant of a local day, which may be 23 or 25 hours long."""
    return int(datetime(day.year, day.month, day.day, tzinfo=LOCAL_ZONE).timestamp())


def first_of_month(day: date, months: int = 0) -> date:
    """The first day of the month that lies `months` after the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """Calendar months from the month of `first` to that of `last`."""
    return (last.year - first.year) * 12 + last.month - first.month


def add_months(anchor: int, months: int) -> int:
    """The anchor moved by calendar months in UTC, clipped to the month's length: 31 Jan, 28 Feb, 31 Mar."""
    start = instant_of(anchor)
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return unix(start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1])))


def add_intervals(anchor: int, interval: str, count: int) -> int:
    """The anchor moved by `count` billing intervals (`day`, `week`, `month` or `year`)."""
    if interval == "month":
        return add_months(anchor, count)
    if interval == "year":
        return add_months(anchor, 12 * count)
    return anchor + count * (7 * DAY if interval == "week" else DAY)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` (inclusive) to `last` (exclusive)."""
    return [first + timedelta(days=offset) for offset in range((last - first).days)]
