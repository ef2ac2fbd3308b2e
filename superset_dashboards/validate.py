"""Whether every name resolves, offline: dashboard → chart → dataset → mart column → metric, at a grain where it holds.

Belongs here: references between the files and dbt's definitions. Does not: running a query, talking to Superset. An
import with a dangling name drops charts in silence, so nothing is pushed that has not passed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from superset_dashboards.assets import Assets, Chart, Dashboard
from superset_dashboards.datasets import (
    HEADLINE,
    Definitions,
    bound_to_its_grain,
    headline_metrics,
    mart_datasets,
    virtual_dataset,
)
from superset_dashboards.native import Targets

GRID_COLUMNS = 12

# Form data that names metrics, and form data that names columns.
_METRICS = ("metric", "metrics", "secondary_metric")
_COLUMNS = ("x_axis", "groupby", "all_columns", "columns", "series", "x_axis_sort")
_TARGET = re.compile(r"\{target(?:_value)?:(\w+)\}")
_MART = re.compile(r"\bmarts\.(\w+)")


# The grain that a column of days, weeks or months has of itself.
_GRAINS = {"_week": "P1W", "_month": "P1M"}


@dataclass(frozen=True)
class _Dataset:
    """What charts may name, and what of it holds on the mart's own rows only (`key` says which those are)."""

    columns: frozenset[str]
    metrics: frozenset[str]
    key: frozenset[str]
    bound: frozenset[str]


def problems(assets: Assets, definitions: Definitions, targets: Targets) -> list[str]:
    """Everything that does not resolve, one line each; empty when all is well."""
    native = mart_datasets(definitions) | {
        name: virtual_dataset(dataset, definitions) for name, dataset in assets.datasets.items()
    }
    datasets = {
        name: _Dataset(
            columns=frozenset(column["column_name"] for column in document["columns"]),
            metrics=frozenset(metric["metric_name"] for metric in document["metrics"]),
            **_grain(name, definitions),
        )
        for name, document in native.items()
    }
    used = {name for dashboard in assets.dashboards.values() for name in dashboard.charts}
    return [
        *(line for chart in assets.charts.values() for line in _chart_problems(chart, datasets, targets)),
        *(
            line
            for dashboard in assets.dashboards.values()
            for line in _dashboard_problems(dashboard, assets, datasets)
        ),
        *(f"charts/{name}: stands on no dashboard" for name in sorted(assets.charts.keys() - used)),
        *_sql_problems(assets, definitions),
        *_color_problems(assets),
    ]


def marts_of(dashboard: str, assets: Assets) -> set[str]:
    """Names of the marts a dashboard stands on, those of its reshaped datasets among them."""
    datasets = assets.datasets_under(dashboard)
    virtual = datasets & assets.datasets.keys()
    return (datasets - virtual) | {mart for name in virtual for mart in _MART.findall(assets.datasets[name].sql)}


def _chart_problems(chart: Chart, datasets: Mapping[str, _Dataset], targets: Targets) -> Iterator[str]:
    place = f"charts/{chart.name}"
    dataset = datasets.get(chart.dataset)
    if dataset is None:
        yield f"{place}: there is no dataset {chart.dataset}"
        return
    for name in _named(chart.params, _METRICS):
        if not isinstance(name, str):
            yield f"{place}: a metric is written in the chart; define it beside its mart's column in dbt"
        elif name not in dataset.metrics:
            yield f"{place}: {chart.dataset} has no metric {name}"
    for name in _named(chart.params, _COLUMNS):
        # A bar chart may be sorted by what it shows.
        if name not in dataset.columns and not (name in dataset.metrics and chart.params.get("x_axis_sort") == name):
            yield f"{place}: {chart.dataset} has no column {name}"
    yield from _grain_problems(chart, dataset)
    for condition in chart.params.get("adhoc_filters", []):
        if condition.get("expressionType") != "SIMPLE":
            yield f"{place}: a filter is written in SQL; use a column"
        elif condition["subject"] not in dataset.columns:
            yield f"{place}: {chart.dataset} has no column {condition['subject']} to filter by"
    for metric in _TARGET.findall(repr(chart.params)):
        if metric not in targets:
            yield f"{place}: kpi_targets.csv has no target for {metric}"


def _grain(name: str, definitions: Definitions) -> dict[str, frozenset[str]]:
    model = definitions["models"].get(name)
    if model is None:
        return {"key": frozenset(), "bound": frozenset()}
    if name == HEADLINE:
        # Each of its metrics picks its own rows.
        return {"key": frozenset(model["key"]) - {"metric"}, "bound": frozenset(headline_metrics(definitions))}
    metrics = {column: about["metric"] for column, about in model["columns"].items() if about["metric"]}
    bound = frozenset(column for column, metric in metrics.items() if bound_to_its_grain(metric))
    return {"key": frozenset(model["key"]), "bound": bound}


def _grain_problems(chart: Chart, dataset: _Dataset) -> Iterator[str]:
    """A balance, a median or a ratio of unknown parts must be drawn row by row: over several rows it would be wrong."""
    shown = [name for name in _named(chart.params, _METRICS) if isinstance(name, str) and name in dataset.bound]
    if not shown:
        return
    pinned = {item["subject"] for item in chart.params.get("adhoc_filters", []) if item.get("operator") == "=="}
    axis = chart.params.get("x_axis")
    drawn = {str(name).removesuffix("_label") for name in _named(chart.params, ("x_axis", "groupby"))}
    missing = dataset.key - drawn - pinned
    if missing:
        yield (
            f"charts/{chart.name}: {shown[0]} neither adds up nor has parts that do, so {', '.join(sorted(missing))} "
            "must be drawn or pinned by a filter"
        )
    own = next((grain for suffix, grain in _GRAINS.items() if str(axis).endswith(suffix)), "P1D")
    grain = chart.params.get("time_grain_sqla")
    if grain not in (None, own):
        yield f"charts/{chart.name}: {shown[0]} is drawn by {grain}, but {axis} is {own}"


def _dashboard_problems(dashboard: Dashboard, assets: Assets, datasets: Mapping[str, _Dataset]) -> Iterator[str]:
    place = f"dashboards/{dashboard.name}"
    for name in dashboard.charts:
        if name not in assets.charts:
            yield f"{place}: there is no chart {name}"
    for number, row in enumerate(dashboard.rows, 1):
        if sum(tile.width for tile in row) > GRID_COLUMNS:
            yield f"{place}: row {number} is wider than {GRID_COLUMNS} columns"
    for item in dashboard.filters:
        dataset = datasets.get(item.dataset or "")
        if item.column is not None and (dataset is None or item.column not in dataset.columns):
            yield f"{place}: filter {item.name} is on {item.dataset}.{item.column}, which does not exist"
        for name in item.charts:
            if name not in dashboard.charts:
                yield f"{place}: filter {item.name} acts on {name}, which is not on the dashboard"


def _sql_problems(assets: Assets, definitions: Definitions) -> Iterator[str]:
    for name, dataset in assets.datasets.items():
        for mart in sorted(set(_MART.findall(dataset.sql)) - definitions["models"].keys()):
            yield f"datasets/{name}: there is no mart {mart}"


def _color_problems(assets: Assets) -> Iterator[str]:
    """A series without a colour of its own gets another one on each dashboard."""
    for chart in assets.charts.values():
        if chart.viz_type.startswith("echarts") and not chart.params.get("groupby"):
            for name in _named(chart.params, ("metrics",)):
                if isinstance(name, str) and name not in assets.colors:
                    yield f"charts/{chart.name}: colors.yaml has no colour for {name}"


def _named(params: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[Any]:
    for field in fields:
        value = params.get(field)
        if value is not None:
            yield from value if isinstance(value, list) else [value]
