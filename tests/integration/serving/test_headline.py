"""The headline and the status, read from a published version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from serving.headline import HeadlineRow, headline
from serving.publish import rollback
from serving.status import describe, status
from serving.version import Version
from tests.integration.serving.conftest import FIRST

Publish = Callable[..., Version]

KPIS = """
    create table marts.kpi_daily (as_of_date date, metric text, value decimal(18, 6), unit text,
        target decimal(18, 6), is_on_target boolean, previous_value decimal(18, 6), change_ratio decimal(18, 6));
    insert into marts.kpi_daily values
        ('2026-11-20', 'mrr_eur', 1, 'eur', null, null, null, null),
        ('2026-11-21', 'zeal_score', null, 'score', null, null, null, null),
        ('2026-11-21', 'ttfv_median_hours', 21.5, 'hours', 24, true, 20, 0.075),
        ('2026-11-21', 'mrr_eur', 24500, 'eur', null, null, 24000, 0.020833)
"""


def change(warehouse: Path, *statements: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_headline__is_the_last_day_in_reading_order_with_labels_and_targets(
    publish_at: Publish, root: Path, warehouse: Path
) -> None:
    targets = "create table marts.kpi_targets as select 'ttfv_median_hours' as metric, '<' as comparator, 24 as target"
    change(warehouse, KPIS, targets)
    publish_at()
    assert headline(root / "current") == [
        HeadlineRow("mrr_eur", "MRR", Decimal(24500), "eur", None, None, None, Decimal(24000), Decimal("0.020833")),
        HeadlineRow(
            "ttfv_median_hours",
            "Ttfv median hours",
            Decimal("21.5"),
            "hours",
            Decimal(24),
            "<",
            True,
            Decimal(20),
            Decimal("0.075"),
        ),
        HeadlineRow("zeal_score", "Zeal score", None, "score", None, None, None, None, None),
    ]


def test_headline__without_targets_has_no_comparators(publish_at: Publish, root: Path, warehouse: Path) -> None:
    change(warehouse, KPIS)
    publish_at()
    assert {row.comparator for row in headline(root / "current")} == {None}


def test_headline__without_the_mart_is_empty(publish_at: Publish) -> None:
    assert headline(publish_at().path) == []


def test_status__tells_the_current_version_its_age_and_the_others(publish_at: Publish, root: Path) -> None:
    first, second = publish_at(0), publish_at(1)
    answer = status(root, FIRST + timedelta(hours=27))
    assert answer.current == second
    assert answer.age == timedelta(hours=26, minutes=59)
    assert answer.others == (first,)
    assert answer.is_newest
    assert describe(root, FIRST + timedelta(hours=27)).splitlines() == [
        "current: 20261122T020104Z  as of 2026-11-21",
        "  published 1 d 2 h ago by run run-1",
        f"  2 tables, 22 rows, sha256 {second.sha256[:12]}",
        "other:   20261122T020004Z  as of 2026-11-21",
    ]


def test_status__a_rollback_is_told(publish_at: Publish, root: Path) -> None:
    publish_at(0)
    publish_at(1)
    rollback(root)
    assert not status(root, FIRST).is_newest
    assert "rolled back: newer versions are there" in describe(root, FIRST + timedelta(minutes=61))


def test_status__before_the_first_publication_says_so(root: Path) -> None:
    assert describe(root, FIRST) == "nothing is published yet"
