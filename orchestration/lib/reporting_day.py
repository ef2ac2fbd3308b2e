"""The one sum of dates outside SQL: which local day was the last complete one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.settings import Settings


def as_of_date(settings: Settings, instant: datetime) -> date:
    """The last complete day of the reporting time zone at an instant. A day ends at local midnight, exclusive."""
    return instant.astimezone(ZoneInfo(settings.reporting_timezone)).date() - timedelta(days=1)
