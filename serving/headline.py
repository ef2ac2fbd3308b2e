"""The headline numbers of a published version, for people in a hurry.

Belongs here: reading the last day of `kpi_daily` and its labels. Does not belong here: tables, colours, formats
(whoever prints them), the numbers' meaning (the mart).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from serving.catalog import metric_labels, multiples
from serving.version import CATALOG_FILE, WAREHOUSE_FILE

# How a person reads the business: money first, then its quality, then the product. Others follow by name.
READING_ORDER = (
    "mrr_eur",
    "arr_eur",
    "mrr_growth_ratio",
    "paying_accounts",
    "arpu_eur",
    "quick_ratio",
    "customer_churn_ratio",
    "ltv_eur",
    "cac_blended_eur",
    "payback_months",
    "ltv_cac_ratio",
    "activation_ratio",
    "ttfv_median_hours",
    "weekly_active_agents",
    "conversations_per_active_agent",
    "quality_score",
    "response_accuracy_ratio",
)


def reading_place(metric: str) -> tuple[int, str]:
    """What to sort headline metrics by."""
    return (READING_ORDER.index(metric) if metric in READING_ORDER else len(READING_ORDER), metric)


@dataclass(frozen=True)
class HeadlineRow:
    """One metric on the version's last day.

    unit: eur, ratio (a fraction), multiple (a ratio that is said as "three times"), count, hours, months or score.
    comparator: `<`, `<=`, `>` or `>=`, what the value is to be of the target. previous_value: a month earlier;
    change_ratio: the change since, as a fraction. None: unknown.
    """

    metric: str
    label: str
    value: Decimal | None
    unit: str
    target: Decimal | None
    comparator: str | None
    is_on_target: bool | None
    previous_value: Decimal | None
    change_ratio: Decimal | None


def headline(version_dir: Path) -> list[HeadlineRow]:
    """Read the last day of `marts.kpi_daily`, in reading order; empty when the version has no such mart or no row.

    version_dir: a published version, or `current`. Comparators come from `marts.kpi_targets`, where that is published.
    """
    import duckdb

    definitions = json.loads((version_dir / CATALOG_FILE).read_text(encoding="utf-8"))
    labels, said_as_multiples = metric_labels(definitions), multiples(definitions)
    with duckdb.connect(str(version_dir / WAREHOUSE_FILE), read_only=True) as connection:
        published = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
        if "kpi_daily" not in published:
            return []
        comparators: dict[str, str] = {}
        if "kpi_targets" in published:
            comparators = dict(connection.execute("select metric, comparator from marts.kpi_targets").fetchall())
        rows = connection.execute(
            "select metric, value, unit, target, is_on_target, previous_value, change_ratio from marts.kpi_daily"
            " where as_of_date = (select max(as_of_date) from marts.kpi_daily)"
        ).fetchall()
    rows.sort(key=lambda row: reading_place(row[0]))
    return [
        HeadlineRow(
            metric=metric,
            label=labels.get(metric, metric.replace("_", " ").capitalize()),
            value=value,
            unit="multiple" if metric in said_as_multiples else unit,
            target=target,
            comparator=comparators.get(metric),
            is_on_target=is_on_target,
            previous_value=previous_value,
            change_ratio=change_ratio,
        )
        for metric, value, unit, target, is_on_target, previous_value, change_ratio in rows
    ]
