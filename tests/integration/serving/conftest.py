"""A small warehouse as dbt leaves it, and one call that publishes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from serving.publish import publish
from serving.version import Version

FIRST = datetime(2026, 11, 22, 2, 0, 4, tzinfo=UTC)
DEFINITIONS = {
    "models": {
        "mrr_daily": {
            "description": "One row per day.",
            "key": ["date"],
            "columns": {
                "date": {"description": "The day.", "data_type": "date", "metric": None},
                "mrr_eur": {"description": "MRR.", "data_type": "decimal(18,4)", "metric": {"label": "MRR"}},
            },
        }
    }
}

Publish = Callable[..., Version]


def write_warehouse(path: Path, mrr: int = 100) -> None:
    """Marts with comments, and layers that must not leave."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema marts; create schema staging;
            create table staging.secret as select 'raw' as payload;
            create table marts.mrr_daily as
                select date '2026-11-01' + cast((i * 7) % 21 as integer) as date,
                    cast({mrr} + i as decimal(18, 4)) as mrr_eur
                from range(21) as numbers(i);
            create view marts.latest as select max(date) as date from marts.mrr_daily;
            comment on table marts.mrr_daily is 'The company''s MRR';
            comment on column marts.mrr_daily.mrr_eur is 'Each day''s rate';
        """)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    write_warehouse(path)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def publish_at(warehouse: Path, root: Path) -> Publish:
    """Publish `minutes` after the first night's publication."""

    def run(minutes: int = 0, keep: int = 7) -> Version:
        return publish(
            warehouse,
            root,
            run_id=f"run-{minutes}",
            run_instant=FIRST,
            as_of_date=date(2026, 11, 21),
            definitions=DEFINITIONS,
            published_at=FIRST + timedelta(minutes=minutes),
            keep=keep,
        )

    return run
