"""The record of one partition's commit, and its JSON.

Belongs here: what a manifest says. Does not: when it is written (landing) or what the numbers mean (dbt).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

# What a partition was read from: everything its source holds of the table, or only what had changed.
Coverage = Literal["whole", "changes"]


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What a landed file must be: hex SHA-256 and size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One partition as committed. `source_rows = landed_rows + quarantined_rows`, always.

    `read_to`: for partitions that are a window of time (the app's events) the exclusive upper bound of what was asked
    of the source, by which a later run knows that the day was not over yet; for Stripe the instant of the newest event
    seen, from which the next run asks for changes. `coverage`: row counts are comparable only between whole reads.
    `replaces` names partitions of the same table that this one took the place of (a renamed file, a damaged day).
    """

    source: str
    table: str
    partition_key: str
    partition_value: str
    run_id: str
    read_at: datetime
    schema_version: int
    source_rows: int
    landed_rows: int
    quarantined_rows: int
    origin: str
    files: Mapping[str, FileStamp]
    quarantined_by_reason: Mapping[str, int] = field(default_factory=dict)
    nulled_values: Mapping[str, int] = field(default_factory=dict)
    key_id: str | None = None
    read_to: datetime | None = None
    replaces: tuple[str, ...] = ()
    coverage: Coverage = "whole"

    def __post_init__(self) -> None:
        if self.source_rows != self.landed_rows + self.quarantined_rows:
            where = f"{self.source}.{self.table} {self.partition_key}={self.partition_value}"
            message = (
                f"{where}: {self.source_rows} rows read, but {self.landed_rows} landed and {self.quarantined_rows} "
                "quarantined; a row was lost on the way"
            )
            raise ValueError(message)

    def to_json(self) -> str:
        """Indented JSON, keys in a fixed order, instants in ISO 8601 with offset."""
        document = asdict(self)
        document["read_at"] = self.read_at.isoformat()
        document["read_to"] = self.read_to.isoformat() if self.read_to else None
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what `to_json` wrote. Raises ValueError, KeyError or TypeError when it is not that."""
        document: dict[str, Any] = json.loads(text)
        document["read_at"] = datetime.fromisoformat(document["read_at"])
        read_to = document.get("read_to")
        document["read_to"] = datetime.fromisoformat(read_to) if read_to else None
        document["replaces"] = tuple(document.get("replaces", ()))
        document["files"] = {name: FileStamp(**stamp) for name, stamp in document["files"].items()}
        return cls(**document)
