"""What the contract suite has to know of a source.

Belongs here: the shape of an entry. Does not: the list of all sources (every_source), how one is opened (sources/),
what every source must do (test_every_source).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from expectations.raw_tables import RAW_TABLES, RawTable
from ingestion.contract import Backfill, Source
from ingestion.retry import SourceError

LAKE_DOCUMENT = Path(__file__).resolve().parents[2] / "docs/lake.md"


@dataclass(frozen=True)
class Room:
    """What a test gives to a source to be opened in: a folder of its own, and empty PostgreSQL databases on demand."""

    folder: Path
    new_postgres_database: Callable[[], str]


Opener = Callable[[Room], AbstractContextManager[Source]]


@dataclass(frozen=True)
class SourceCase:
    """One source, in the states the suite asks for.

    `full` holds `source_rows` of each table and, where no list reads them, the `canaries`; `empty` is reachable and
    holds nothing. `failing`: states in which reading must fail, with the kind of failure; no message may show the
    `secrets`. `backfill` asks for everything `full` holds. `border`: gate 1's own list of the tables. `repeats`: tables
    whose key may stand in a partition several times. `document`: where the tables are written down for readers.
    """

    name: str
    full: Opener
    empty: Opener
    failing: tuple[tuple[type[SourceError], Opener], ...]
    source_rows: Mapping[str, int]
    canaries: tuple[str, ...]
    secrets: tuple[str, ...]
    backfill: Backfill
    border: tuple[RawTable, ...] = RAW_TABLES
    repeats: frozenset[str] = frozenset()
    document: Path = LAKE_DOCUMENT
