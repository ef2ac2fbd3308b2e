"""The one rule of what has been kept long enough.

Belongs here: days. Does not: what leaves, and how (retention).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def last_leaving_day(instant: datetime, days_kept: int) -> date:
    """The newest UTC day that leaves: more than `days_kept` days lie between it and the day of the run's instant.

    With 30 days kept the 1st of January leaves in any run of the 1st of February, and in none of the 31st of January.
    """
    return instant.astimezone(UTC).date() - timedelta(days=days_kept + 1)
