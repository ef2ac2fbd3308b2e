"""The dashboard: the last day's headline metrics, and the newest of every list beside them.

Belongs here: which rows make up the one page. Does not: what a role may see of them (access), HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.api.access.visibility import Visibility
from serving.api.encoding import json_rows
from serving.api.engine import OpenVersion, Reader
from serving.api.rows import Acquisition, Activation, Cohort, RevenueMonth, Row, WeeklyActive
from serving.api.shown import definitions_of, show
from serving.catalog import metric_labels, named_metrics
from serving.headline import reading_place

_HEADLINE = """
    select kpi.metric, kpi.unit, kpi.value, kpi.target, targets.comparator, kpi.is_on_target, kpi.previous_value,
        kpi.change_ratio
    from marts.kpi_daily as kpi left join marts.kpi_targets as targets on targets.metric = kpi.metric
    where kpi.as_of_date = (select max(as_of_date) from marts.kpi_daily)
"""


@dataclass(frozen=True)
class Block:
    """Some rows of one mart. sql: follows `select * from <the mart>`. is_list: else it is one row."""

    model: str
    row: type[Row]
    sql: str
    is_list: bool

    def key(self) -> set[str]:
        """The columns that no row lacks."""
        return {name for name, field in self.row.model_fields.items() if field.is_required()}


# No newest row means no block: a young company has revenue before it has cohorts.
BLOCKS: Mapping[str, Block] = {
    "revenue": Block("revenue_monthly", RevenueMonth, "order by revenue_month desc limit 1", is_list=False),
    "weekly_active": Block("weekly_active_agents", WeeklyActive, "order by activity_date desc limit 1", is_list=False),
    "activation": Block(
        "activation_monthly",
        Activation,
        "where acquisition_channel = 'all' order by cohort_month desc limit 12",
        is_list=True,
    ),
    "acquisition": Block(
        "cac_monthly",
        Acquisition,
        "where cac_month = (select max(cac_month) from marts.cac_monthly) order by channel",
        is_list=True,
    ),
    "cohorts": Block(
        "churn_cohorts",
        Cohort,
        "qualify row_number() over (partition by cohort_month order by months_since desc) = 1"
        " order by cohort_month desc limit 12",
        is_list=True,
    ),
}


def read_dashboard(
    reader: Reader, version: OpenVersion, visibility: Visibility
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The dashboard as JSON values, and the ids of its definitions."""
    headline = _headline(reader, version, visibility)
    blocks: dict[str, Any] = {"headline": headline}
    definitions = {row["definition"] for row in headline if row["definition"] is not None}
    for name, block in BLOCKS.items():
        visible = [column for column in block.row.columns() if not visibility.hides(block.model, column)]
        if not (version.has(block.model) and set(visible) - block.key()):
            continue
        rows = reader.table(f"select * from {visibility.relation(block.model)} as newest {block.sql}")
        shown = show(rows, block.model, visible, visibility)
        definitions.update(definitions_of(block.model, shown))
        found = json_rows(shown)
        if block.is_list:
            blocks[name] = found
        elif found:
            blocks[name] = found[0]
    return blocks, tuple(sorted(definitions))


def _headline(reader: Reader, version: OpenVersion, visibility: Visibility) -> list[dict[str, Any]]:
    if not (version.has("kpi_daily") and version.has("kpi_targets")):
        return []
    labels, homes = metric_labels(version.definitions), _homes(version.definitions)
    visible = visibility.metrics_of_kpi_daily()
    found = [row for row in json_rows(reader.table(_HEADLINE)) if row["metric"] in visible]
    found.sort(key=lambda row: reading_place(row["metric"]))
    return [
        {
            "metric": row["metric"],
            "definition": homes.get(row["metric"]),
            "label": labels.get(row["metric"], row["metric"]),
            **{name: value for name, value in row.items() if name != "metric"},
        }
        for row in found
    ]


def _homes(definitions: Mapping[str, Any]) -> dict[str, str]:
    """Id of its definition by headline metric; of several marts with the same metric a series over time, if one is."""
    homes: dict[str, str] = {}
    for model, column, name, _ in sorted(
        named_metrics(definitions), key=lambda metric: not _is_series(definitions["models"][metric[0]])
    ):
        homes.setdefault(name, f"{model}.{column}")
    return homes


def _is_series(model: Mapping[str, Any]) -> bool:
    """Whether the mart has one row a day, a week or a month, as the headline has."""
    key = model["key"]
    return len(key) == 1 and model["columns"][key[0]]["data_type"] == "date"
