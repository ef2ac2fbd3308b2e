"""What is published right now, in facts and in a few lines of text.

Belongs here: the answer to `netvexa status`. Does not belong here: printing it, the run's own state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from serving.version import Version
from serving.versions import current, versions


@dataclass(frozen=True)
class Status:
    """The current version (None before the first publication), its age, and every other version, newest first."""

    current: Version | None
    age: timedelta | None
    others: tuple[Version, ...]

    @property
    def is_newest(self) -> bool:
        """False after a rollback."""
        return self.current is not None and all(other.id < self.current.id for other in self.others)

    def lines(self) -> tuple[str, ...]:
        """The same for people."""
        if self.current is None or self.age is None:
            return ("nothing is published yet", *(f"  not current: {_line(other)}" for other in self.others))
        note = "" if self.is_newest else ", rolled back: newer versions are there"
        return (
            f"current: {_line(self.current)}",
            f"  published {_age(self.age)} ago by run {self.current.run_id}{note}",
            f"  {len(self.current.tables)} tables, {sum(table.rows for table in self.current.tables)} rows,"
            f" sha256 {self.current.sha256[:12]}",
            *(f"other:   {_line(other)}" for other in self.others),
        )


def status(root: Path, now: datetime) -> Status:
    """Look at the versions under `root`. Raises VersionNotFound when `current` points to one that is gone."""
    served = current(root)
    return Status(
        current=served,
        age=None if served is None else now - served.published_at,
        others=tuple(version for version in reversed(versions(root)) if served is None or version.id != served.id),
    )


def describe(root: Path, now: datetime) -> str:
    """The status as text, one fact a line."""
    return "\n".join(status(root, now).lines())


def _line(version: Version) -> str:
    return f"{version.id}  as of {version.as_of_date.isoformat()}"


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
