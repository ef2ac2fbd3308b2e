"""Truth beside mart: every row, to the last decimal, and a readable word on what differs.

Belongs here: reading a published mart in the shape of its truth, and comparing two sets of rows. Does not: making them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path

from tests.e2e.steps import read_rows
from tests.e2e.truth.company import ROWS, Row
from tests.e2e.truth.integrity import UNTOLD_CLAIMS, Comparison

SHOWN = 8


def published(database: Path, mart: str) -> list[Row]:
    """The rows of a published mart, in the fields of its truth; claims that no truth tells are left out."""
    row = ROWS[mart]
    rows = [row(*cells) for cells in read_rows(database, f"select {', '.join(row._fields)} from marts.{mart}")]
    return [row for row in rows if not (isinstance(row, Comparison) and row.name in UNTOLD_CLAIMS)]


def assert_same(told: Iterable[Hashable], published: Iterable[Hashable]) -> int:
    """Every row of the truth is published once, and no other; returns how many."""
    truth, mart = Counter(told), Counter(published)
    missing, extra = list((truth - mart).elements()), list((mart - truth).elements())
    assert not missing and not extra, (
        f"of {truth.total()} true rows {len(missing)} are not published, {len(extra)} published rows are not true:\n"
        + "\n".join([f"  true:      {row}" for row in sorted(missing, key=str)[:SHOWN]])
        + "\n"
        + "\n".join([f"  published: {row}" for row in sorted(extra, key=str)[:SHOWN]])
    )
    return truth.total()
