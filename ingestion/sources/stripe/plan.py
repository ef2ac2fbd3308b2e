"""What is due of each list: the whole of it, or what changed since the last read. Read from the lake's manifests alone.

Belongs here: when a list must be read whole. Does not: reading it (extract), what an event says (contract, changes).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ingestion.contract import RunContext, TableContract
from ingestion.lake import Lake
from ingestion.landing import is_intact, read_manifests
from ingestion.manifest import Manifest
from ingestion.retry import PermanentSourceError
from ingestion.sources.stripe.allow_list import ALLOWED
from ingestion.sources.stripe.contract import EVENT_DAYS, SOURCE

# Some changes have no event (README), and nothing else would ever mend a version that was missed. A week is also well
# within the 30 days that Stripe keeps events, so no gap between two runs can be longer than the events reach.
WHOLE_EVERY = timedelta(days=7)
# Events become readable a little out of order. What is read twice lands once a day.
OVERLAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """What a run is to read of one list.

    `whole`: why the whole list, None when what changed after `cursor` will do. `list_rows`: how many rows the last
    whole read landed. `damaged`: days whose files are not what their manifests say, oldest first.
    """

    whole: str | None
    cursor: datetime | None
    list_rows: int
    damaged: tuple[str, ...]


def due(lake: Lake, run: RunContext, table: TableContract, origin: str) -> Due:
    """What to read of a table in this run. `origin`: how it will be read (see `origin_of`).

    A partition read at a later instant than the run's says nothing: the clock was wrong, or the run looks back. Raises
    PermanentSourceError when a day is damaged that Stripe cannot tell again.
    """
    today = run.day.isoformat()
    manifests = sorted(read_manifests(lake, SOURCE, table.name), key=lambda manifest: manifest.partition_value)
    landed = [manifest for manifest in manifests if manifest.read_at <= run.instant]
    last_whole = next((manifest for manifest in reversed(landed) if manifest.coverage == "whole"), None)
    cursor = landed[-1].read_to if landed else None
    whole = _why_whole(run, table, origin, last_whole, cursor)
    # A night of changes builds on everything since the last whole read; a whole one has the time to look at all.
    first = last_whole.partition_value if last_whole is not None and whole is None else ""
    damaged = tuple(
        manifest.partition_value
        for manifest in manifests
        if first <= manifest.partition_value <= today and not is_intact(lake, manifest)
    )
    if damaged and date.fromisoformat(damaged[0]) < run.day - timedelta(days=EVENT_DAYS):
        raise PermanentSourceError(
            f"{SOURCE}.{table.name} {table.partition_key}={damaged[0]}: damaged in the lake, its checksum differs, and "
            "Stripe no longer tells what it held; restore its folder from the backup, or delete it to go on without"
        )
    if whole is None and damaged:
        whole = f"{table.partition_key}={damaged[0]} is damaged in the lake"
    return Due(whole, cursor, last_whole.landed_rows if last_whole is not None else 0, damaged)


def origin_of(api_version: str) -> str:
    """How Stripe is read, for the manifest: the API version, and a fingerprint of the fields that may land."""
    fields = hashlib.sha256(repr(sorted(ALLOWED.items())).encode()).hexdigest()[:8]
    return f"Stripe API {api_version}, fields {fields}"


def oldest_event(run: RunContext) -> datetime:
    """The instant from which Stripe still has events. Its clock is the real one, wherever the run's instant lies."""
    return min(run.instant, run.wall_clock()).astimezone(UTC) - timedelta(days=EVENT_DAYS)


def _why_whole(
    run: RunContext, table: TableContract, origin: str, last_whole: Manifest | None, cursor: datetime | None
) -> str | None:
    if run.backfill is not None and run.backfill.source == SOURCE:
        return "asked for"
    if last_whole is None:
        return "never read whole before"
    if last_whole.origin != origin or last_whole.schema_version != table.schema_version:
        return f"other fields or another API version since {last_whole.partition_value}"
    if run.day - date.fromisoformat(last_whole.partition_value) >= WHOLE_EVERY:
        return f"last read whole on {last_whole.partition_value}"
    if cursor is None:
        return "no event was seen from which to go on"
    return None
