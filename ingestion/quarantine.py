"""What is set aside now: read out of the lake's manifests and its `quarantine.parquet` files.

Belongs here: which partitions still speak of today, their counts and their rows. Does not: setting rows aside (the
sources), or what a person does about it (the command). It is a part of ingestion because it reads the lake's own files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq

from ingestion.lake import QUARANTINE_FILE, Lake
from ingestion.landing import read_manifests
from ingestion.manifest import Manifest

# Partitions of these keys are reads of one list: a whole one says all that the ones before it said.
_READS_OF_A_LIST = frozenset({"snapshot_date", "read_date"})


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows of one partition that did not land for one reason."""

    source: str
    table: str
    partition_key: str
    partition_value: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class SetAsideRow:
    """One row that did not land: its key if it has one, why, and where to find it again. Never its values."""

    source: str
    table: str
    partition_key: str
    partition_value: str
    key: str | None
    reason: str
    origin: str


def counts_set_aside(lake: Lake, source: str | None = None, table: str | None = None) -> list[SetAside]:
    """What is set aside, of everything or of one source or table; ordered by partition and reason."""
    return [
        SetAside(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value, reason, rows)
        for manifest in _standing(lake, source, table)
        for reason, rows in sorted(manifest.quarantined_by_reason.items())
    ]


def rows_set_aside(lake: Lake, source: str | None = None, table: str | None = None) -> Iterator[SetAsideRow]:
    """The rows behind the counts, in the order in which each partition set them aside.

    Raises OSError or pyarrow.ArrowInvalid when a quarantine file is not what its manifest says: it is damaged.
    """
    for manifest in _standing(lake, source, table):
        if QUARANTINE_FILE not in manifest.files:
            continue
        folder = lake.partition(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value)
        with pq.ParquetFile(folder / QUARANTINE_FILE) as file:
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    yield SetAsideRow(
                        manifest.source,
                        manifest.table,
                        manifest.partition_key,
                        manifest.partition_value,
                        row["key"],
                        row["reason"],
                        row["origin"],
                    )


def _standing(lake: Lake, source: str | None, table: str | None) -> list[Manifest]:
    """The manifests that still speak of today: of a list those since it was last read whole, of all else every one."""
    manifests = read_manifests(lake, source, table)
    newest_whole: dict[tuple[str, str], str] = {}
    for manifest in manifests:
        if manifest.partition_key in _READS_OF_A_LIST and manifest.coverage == "whole":
            name = (manifest.source, manifest.table)
            newest_whole[name] = max(newest_whole.get(name, ""), manifest.partition_value)
    return [
        manifest
        for manifest in manifests
        if manifest.partition_value >= newest_whole.get((manifest.source, manifest.table), "")
    ]
