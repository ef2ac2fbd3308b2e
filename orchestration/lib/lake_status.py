"""What the lake holds of each source, in a line: how old its newest data is, and how many rows are set aside.

Belongs here: the facts for `netvexa status`. Does not: what is published (serving), and what is wrong with a row
(`netvexa quarantine`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import duckdb

from orchestration.lib.instructions import SOURCES

if TYPE_CHECKING:
    from ingestion.lake import Lake
    from ingestion.manifest import Manifest

# By source: the tables whose newest row tells how far the source has come, and the column that says when it was.
_NEWEST = {
    "app": {"events": "received_at"},
    "stripe": {"events": "created_at"},
    "spend": {"google_ads": "spend_date", "costs": "cost_date", "wordpress_plugin": "stat_date"},
    "rates": {"ecb": "rate_date"},
}


@dataclass(frozen=True)
class SourceStatus:
    """newest: the instant of the newest row, or for files the end of its day (UTC); None when nothing has landed."""

    source: str
    newest: datetime | None
    set_aside_rows: int

    def line(self, now: datetime) -> str:
        """The same for people."""
        age = "nothing has landed" if self.newest is None else f"newest data is {_age(now - self.newest)} old"
        aside = f", {self.set_aside_rows:,} rows set aside (netvexa quarantine)" if self.set_aside_rows else ""
        return f"{self.source}: {age}{aside}"


def source_statuses(lake: Lake) -> list[SourceStatus]:
    """The sources in the order in which they are read."""
    from ingestion.quarantine import counts_set_aside  # pyarrow

    aside = counts_set_aside(lake)
    return [
        SourceStatus(source, _newest(lake, source), sum(count.rows for count in aside if count.source == source))
        for source in SOURCES
    ]


def _newest(lake: Lake, source: str) -> datetime | None:
    from ingestion.landing import read_manifests

    found: list[datetime] = []
    for table, column in _NEWEST[source].items():
        filled = [manifest for manifest in read_manifests(lake, source, table) if manifest.landed_rows]
        # The newest day holds the newest rows; which file does, only the files can tell.
        newest = filled if filled and filled[0].partition_key == "file" else filled[-1:]
        if newest:
            found.append(_greatest(lake, newest, column))
    return max(found, default=None)


def _greatest(lake: Lake, manifests: Sequence[Manifest], column: str) -> datetime:
    from ingestion.lake import DATA_FILE

    paths = [
        str(lake.partition(one.source, one.table, one.partition_key, one.partition_value) / DATA_FILE)
        for one in manifests
    ]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        row = connection.execute(
            f"select max({column}) from read_parquet($paths, hive_partitioning = false)", {"paths": paths}
        ).fetchone()
    assert row is not None
    value: datetime | date = row[0]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime.combine(value, time(), tzinfo=UTC) + timedelta(days=1)


def _age(age: timedelta) -> str:
    days, hours = divmod(max(age, timedelta()) // timedelta(hours=1), 24)
    return f"{days} d {hours} h" if days else f"{hours} h"
