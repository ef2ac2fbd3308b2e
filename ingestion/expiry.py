"""Quarantined rows that have been kept long enough: the rows leave, their counts stay.

Belongs here: taking `quarantine.parquet` away from partitions. Does not: how long is enough (orchestration), setting
rows aside (the sources).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

from ingestion.lake import MANIFEST_FILE, QUARANTINE_FILE, Lake, sync
from ingestion.landing import read_manifests
from ingestion.manifest import Manifest


def expired_quarantines(lake: Lake, through: date) -> list[Manifest]:
    """The partitions that still hold rows set aside on days up to `through`, ordered by path."""
    return [manifest for manifest, _ in _expired(lake, through)]


def forget_quarantined_rows(lake: Lake, through: date) -> list[Manifest]:
    """Remove the rows set aside on days up to `through`; returns the manifests that named them.

    The manifest goes first: from then on it counts rows that no file holds. A file left by a kill in between is removed
    by the next call.
    """
    expired = list(_expired(lake, through))
    for manifest, folder in expired:
        if QUARANTINE_FILE in manifest.files:
            files = {name: stamp for name, stamp in manifest.files.items() if name != QUARANTINE_FILE}
            aside = folder / f"{MANIFEST_FILE}.tmp"
            aside.write_text(replace(manifest, files=files).to_json(), encoding="utf-8")
            sync(aside)
            aside.replace(folder / MANIFEST_FILE)
            sync(folder)
        (folder / QUARANTINE_FILE).unlink(missing_ok=True)
    return [manifest for manifest, _ in expired]


def _expired(lake: Lake, through: date) -> Iterator[tuple[Manifest, Path]]:
    for manifest in read_manifests(lake):
        folder = lake.partition(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value)
        if (QUARANTINE_FILE in manifest.files or (folder / QUARANTINE_FILE).exists()) and _day(manifest) <= through:
            yield manifest, folder


def _day(manifest: Manifest) -> date:
    """The UTC day the rows were set aside: what is old itself may have been read today."""
    return manifest.read_at.astimezone(UTC).date()
