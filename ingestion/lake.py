"""Where things stand in the lake: folders of partitions and of staging, and the checksum of a file.

Belongs here: paths and the bytes under them. Does not: what a table holds (contract), how it gets there (staging,
landing).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

DATA_FILE = "data.parquet"
QUARANTINE_FILE = "quarantine.parquet"
MANIFEST_FILE = "manifest.json"
NEXT_SUFFIX = ".next"
STAGING_FOLDER = ".staging"

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Lake:
    """The lake under `root`. Holds no state: the files are the state."""

    root: Path

    def table(self, source: str, table: str) -> Path:
        return self.root / f"raw_{source}" / table

    def partition(self, source: str, table: str, key: str, value: str) -> Path:
        """Folder of one partition. A value may be a file's name, so what globs and URLs treat specially is encoded."""
        return self.table(source, table) / f"{key}={quote(value, safe='')}"

    def staging(self, run_id: str) -> Path:
        return self.root / STAGING_FOLDER / quote(run_id, safe="")

    def staged_partition(self, run_id: str, source: str, table: str, key: str, value: str) -> Path:
        landed = self.partition(source, table, key, value)
        return self.staging(run_id) / landed.relative_to(self.root)

    def partition_folders(self, source: str | None = None, table: str | None = None) -> Iterator[Path]:
        """Folders of the landed partitions, in the order of their paths."""
        yield from sorted(self.root.glob(f"raw_{source or '*'}/{table or '*'}/*/"))


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file, read in chunks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
