"""A published version: what it is, how it is written down, and where it lies.

Belongs here: the manifest's shape, reading and writing it, the names of a version's files. Does not belong here:
making versions (publish), choosing among them (versions).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

WAREHOUSE_FILE = "warehouse.duckdb"
MANIFEST_FILE = "manifest.json"
CATALOG_FILE = "catalog.json"


@dataclass(frozen=True)
class PublishedColumn:
    """A column and its DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True)
class PublishedTable:
    """A mart of a version. sha256: of its canonical Parquet (see hashing)."""

    name: str
    rows: int
    columns: tuple[PublishedColumn, ...]
    sha256: str


@dataclass(frozen=True)
class Version:
    """One published version, whole and unchangeable.

    id: sorts by time of publication. sha256: over the tables' hashes, so equal content gives equal hashes whatever
    the id. Instants are in UTC; as_of_date is the last complete local day the numbers know.
    """

    id: str
    path: Path
    run_id: str
    run_instant: datetime
    as_of_date: date
    published_at: datetime
    sha256: str
    tables: tuple[PublishedTable, ...]

    @property
    def warehouse(self) -> Path:
        """The DuckDB file with schema `marts`."""
        return self.path / WAREHOUSE_FILE

    @property
    def catalog(self) -> Path:
        """The definitions that belong to these numbers."""
        return self.path / CATALOG_FILE


def manifest_of(version: Version) -> dict[str, Any]:
    """The version as JSON values."""
    return {
        "version": version.id,
        "run_id": version.run_id,
        "run_instant": version.run_instant.astimezone(UTC).isoformat(),
        "as_of_date": version.as_of_date.isoformat(),
        "published_at": version.published_at.astimezone(UTC).isoformat(),
        "sha256": version.sha256,
        "tables": [asdict(table) for table in version.tables],
    }


def read_version(path: Path) -> Version:
    """Read the manifest in a version's folder. Raises OSError or ValueError when it is missing or not what we write."""
    manifest: Mapping[str, Any] = json.loads((path / MANIFEST_FILE).read_text(encoding="utf-8"))
    return Version(
        id=manifest["version"],
        path=path,
        run_id=manifest["run_id"],
        run_instant=datetime.fromisoformat(manifest["run_instant"]),
        as_of_date=date.fromisoformat(manifest["as_of_date"]),
        published_at=datetime.fromisoformat(manifest["published_at"]),
        sha256=manifest["sha256"],
        tables=tuple(
            PublishedTable(
                name=table["name"],
                rows=table["rows"],
                columns=tuple(PublishedColumn(**column) for column in table["columns"]),
                sha256=table["sha256"],
            )
            for table in manifest["tables"]
        ),
    )
