"""Which landed days are not what their manifests say.

Belongs here: how much of the lake is looked at each night. Does not: what follows from it (windows reads such a day
again).

Hashing all of history every night would make a quiet night as long as history. A file that was never written to after
its manifest was committed is the file that was committed, unless the disk rots: its checksum is taken once in
SCRUBBED_WITHIN_DAYS. Any other file's is taken at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ingestion.lake import MANIFEST_FILE, Lake
from ingestion.landing import is_intact
from ingestion.manifest import Manifest

SCRUBBED_WITHIN_DAYS = 28


def damaged_days(lake: Lake, landed: Iterable[Manifest], today: date) -> set[str]:
    """Partition values of the days whose files are gone, changed or unreadable, as far as `today` looks."""
    return {
        manifest.partition_value
        for manifest in landed
        if (_is_due(manifest, today) or not _is_untouched(lake, manifest)) and not is_intact(lake, manifest)
    }


def _is_due(manifest: Manifest, today: date) -> bool:
    """Every day's turn comes once in SCRUBBED_WITHIN_DAYS runs of consecutive days."""
    return (today - date.fromisoformat(manifest.partition_value)).days % SCRUBBED_WITHIN_DAYS == 0


def _is_untouched(lake: Lake, manifest: Manifest) -> bool:
    """Whether every file is there, of its size, and last written to before its manifest was."""
    folder = lake.partition(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value)
    try:
        committed = (folder / MANIFEST_FILE).stat().st_mtime_ns
        found = [((folder / name).stat(), stamp) for name, stamp in manifest.files.items()]
    except OSError:
        return False
    return all(stat.st_size == stamp.bytes and stat.st_mtime_ns <= committed for stat, stamp in found)
