"""This machine's clock against Stripe's own, which comes with every answer.

What is read is dated by this machine (`read_at`). A reading that calls itself a day later than it is would outweigh
what Stripe's events say of that day, and nothing that comes after would set it right.

Belongs here: when the two clocks are too far apart. Does not: which instant a run takes for now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ingestion.retry import PermanentSourceError

# More than any clock drifts that is set over the network at all, less than a wrong time zone.
APART_AT_MOST = timedelta(minutes=20)


def check_clock(stated: str | None, now: datetime) -> None:
    """Compare an answer's `Date` header with this machine's time; an answer without one says nothing.

    Raises PermanentSourceError when they are more than APART_AT_MOST apart.
    """
    if stated is None:
        return
    try:
        # HTTP tells the time in UTC whatever the header calls it.
        theirs = parsedate_to_datetime(stated).replace(tzinfo=UTC)
    except ValueError:
        return
    apart = now - theirs
    if abs(apart) > APART_AT_MOST:
        dated = "too late" if apart > timedelta() else "too early"
        raise PermanentSourceError(
            f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, Stripe's {theirs:%Y-%m-%d %H:%M}: nothing was read, "
            f"for it would be dated {dated}; set this machine's clock right (NTP), and run again"
        )
