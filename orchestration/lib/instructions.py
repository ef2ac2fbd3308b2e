"""What a person asks of one run beyond the nightly work, checked before anything is read or written.

Belongs here: which days may be read again of which source, and which tables may be taken at a volume that gate 1 would
refuse. Does not: how a source reads them (ingestion), how the arguments are spelled (commands).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from orchestration.failures import ConfigurationError

if TYPE_CHECKING:
    from expectations.report import Asset
    from ingestion.contract import Backfill

SOURCES = ("app", "stripe", "spend", "rates")


@dataclass(frozen=True)
class Instructions:
    """For this run only. `accepted_volume`: tables that may land with fewer rows than gate 1 expects."""

    backfill: Backfill | None = None
    accepted_volume: frozenset[Asset] = frozenset()

    @property
    def tags(self) -> dict[str, str]:
        """The same for the record that Dagster keeps of the run."""
        tags = {}
        if self.backfill is not None:
            tags["netvexa/backfill"] = described(self.backfill)
        if self.accepted_volume:
            tags["netvexa/accepted_volume"] = " ".join(sorted(map(".".join, self.accepted_volume)))
        return tags


def backfill_of(source: str, first: date | None, last: date | None, today: date) -> Backfill:
    """What to read again of a source, of which UTC days. today: the UTC day of the run's instant.

    Raises:
        ConfigurationError: days where the source has none, days missing where it needs them, a range the wrong way
            round, in the future, or longer ago than the source remembers.
    """
    from ingestion.contract import Backfill  # pyarrow
    from ingestion.sources.stripe.contract import EVENT_DAYS

    if source == "app":
        if first is None or last is None:
            raise ConfigurationError("--source app needs --from and --to: the first and the last UTC day to read again")
    elif source == "stripe":
        if last is not None:
            raise ConfigurationError(
                "--source stripe takes no --to: its lists are read as they are now, and its events up to now"
            )
    elif first is not None or last is not None:
        raise ConfigurationError(
            f"--source {source} takes no --from and no --to: a file is a partition by itself and may speak of any day, "
            "so every file of the folder is read again"
        )
    if last is not None and first is not None and first > last:
        raise ConfigurationError(f"--from {first} lies after --to {last}")
    for name, day in (("--from", first), ("--to", last)):
        if day is not None and day > today:
            raise ConfigurationError(f"{name} {day} lies in the future: today is {today} in UTC")
    if source == "stripe" and first is not None and first < (oldest := today - timedelta(days=EVENT_DAYS)):
        raise ConfigurationError(
            f"--from {first} is too early: Stripe keeps its events for {EVENT_DAYS} days, so --from {oldest} is "
            "the earliest. Its objects are read as they are now, whatever their age: leave --from out"
        )
    return Backfill(source, first, last)


def described(backfill: Backfill) -> str:
    """`app, 2026-11-01 to 2026-11-03`, for people."""
    if backfill.first is None:
        return f"{backfill.source}, whole"
    return f"{backfill.source}, {backfill.first} to {backfill.last or 'now'}"


def accepted_volume(names: Iterable[str]) -> frozenset[Asset]:
    """The raw tables that are named like `raw_app.events`.

    Raises:
        ConfigurationError: there is no such raw table; the message names those there are.
    """
    from expectations.raw_tables import RAW_TABLES

    known = {".".join(table.asset): table.asset for table in RAW_TABLES}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ConfigurationError(f"--accept-volume: no raw table {', '.join(unknown)}; there are {', '.join(known)}")
    return frozenset(known[name] for name in names)
