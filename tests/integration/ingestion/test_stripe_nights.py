"""The same company landed by whole lists every night and by what changed: the lake must hold the same versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.contract import Backfill, RunContext, StagedBatch
from ingestion.lake import DATA_FILE, Lake
from ingestion.landing import commit
from ingestion.simulator.emit_stripe import stripe_state
from ingestion.simulator.stripe_server import SandboxStripe
from ingestion.simulator.world import World, build_world
from ingestion.sources.stripe.contract import TABLES
from ingestion.sources.stripe.extract import StripeSource

KEY = "rk_test_nights"
UNTIL = datetime(2026, 11, 22, 2, tzinfo=UTC)
LAST_NIGHT = datetime(2026, 11, 16, 2, tzinfo=UTC)
# Days between two nights: every day, and after gaps within a week, beyond it, and around what events cover.
GAPS = (1, 1, 6, 6, 1, 1, 8, 1, 29, 1, 31, 1)

Version = tuple[str | None, str | None]


@dataclass
class History:
    """What a lake tells of each object: every version that differs from the one before, and when it was first read."""

    lake: Lake
    versions: dict[str, dict[str, list[tuple[datetime, Version]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    coverages: list[dict[str, str]] = field(default_factory=list)

    def take_in(self, staged: StagedBatch) -> None:
        """Add what a night landed."""
        for partition in staged.partitions:
            for row in _rows(self.lake, partition.table, partition.partition_value):
                seen = self.versions[partition.table][row["id"]]
                version = (row["payload"], row.get("previous_payload"))
                if not seen or seen[-1][1] != version:
                    seen.append((row["read_at"], version))
        self.coverages.append({partition.table: partition.coverage for partition in staged.partitions})


def _rows(lake: Lake, table: str, day: str) -> Iterator[dict[str, Any]]:
    yield from pq.ParquetFile(lake.partition("stripe", table, "read_date", day) / DATA_FILE).read().to_pylist()


def _nights() -> list[datetime]:
    days_before = list(accumulate(reversed(GAPS), initial=0))
    return [LAST_NIGHT - timedelta(days=days) for days in reversed(days_before)]


@pytest.fixture(scope="module")
def company() -> World:
    return build_world(UNTIL, months=7)


def test_nights_of_changes__land_the_versions_that_whole_lists_every_night_land(company: World, tmp_path: Path) -> None:
    by_lists, by_changes = History(Lake(tmp_path / "lists")), History(Lake(tmp_path / "changes"))
    for instant in _nights():
        run = RunContext(f"{instant:%Y-%m-%d}", instant, lambda now=instant: now, lambda message: None)
        every_list = RunContext(run.run_id, instant, run.wall_clock, run.progress, Backfill("stripe"))
        with SandboxStripe(stripe_state(company, instant), KEY) as server:
            for history, context in ((by_lists, every_list), (by_changes, run)):
                (staged,) = StripeSource(KEY, server.base_url).stage(history.lake, context)
                commit(history.lake, staged)
                history.take_in(staged)
        for table in TABLES:
            assert by_changes.versions[table] == by_lists.versions[table], f"{table} on {instant:%Y-%m-%d}"
    # A list of which much changed is read whole out of turn; products hardly ever change.
    assert [coverage["products"] for coverage in by_changes.coverages] == [
        *("whole", "changes", "changes", "whole", "changes", "whole", "changes"),
        *("whole", "changes", "whole", "changes", "whole", "changes"),
    ]


def test_company__tells_by_an_event_of_every_change_but_an_unpaid_invoice_payment(company: World) -> None:
    silent = [version for version in company.books.versions if version.event_type is None]
    assert {(version.resource, version.payload["status"]) for version in silent} == {("invoice_payments", "open")}
    # One falls into a night of changes, where its invoice has to give it away.
    attempts = [version.at for version in silent if version.at > version.payload["created"]]
    assert any((LAST_NIGHT - timedelta(days=1)).timestamp() <= at < LAST_NIGHT.timestamp() for at in attempts)
