"""Datasets out of the catalog: every mart as Superset sees it, with its metrics as dbt defines them.

Belongs here: definitions into Superset's dataset shape. Does not: what a metric means (dbt), files (assets).
A measure that adds up is summed. A ratio whose parts are named is the sum of one over the sum of the other, so that it
is right at every grain. What is neither (a balance, a median) is shown at its own grain, where the greatest value of
the one row is the row's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from superset_dashboards.assets import VirtualDataset
from superset_dashboards.identity import DATABASE_NAME, OWNER, asset_uuid

SCHEMA = "marts"
HEADLINE = "kpi_daily"

# How people read a unit. Values in d3's own notation; the currency is said by its sign.
FORMATS = {
    "eur": ",.0f",
    "ratio": ".1%",
    "multiple": ".2f",
    "count": ",d",
    "hours": ",.1f",
    "months": ",.1f",
    "score": ",.1f",
    "days": ",.0f",
    "percent": ".0%",
}
_EURO = {"symbol": "EUR", "symbolPosition": "prefix"}

# Columns whose values are words of ours: shown with a capital and without underscores.
_CATEGORIES = frozenset({"acquisition_channel", "channel", "plan", "reason", "revenue_type", "status"})

# Names that are written in a way of their own.
_BRANDS = {"Wordpress": "WordPress", "Google ads": "Google Ads"}

Definitions = Mapping[str, Any]
NativeDataset = dict[str, Any]


def mart_datasets(definitions: Definitions) -> dict[str, NativeDataset]:
    """Every mart of the catalog as a dataset, by name."""
    models = definitions["models"]
    return {name: _mart(name, model, definitions) for name, model in models.items()}


def virtual_dataset(dataset: VirtualDataset, definitions: Definitions) -> NativeDataset:
    """A reshaped mart as a dataset.

    In its SELECT, `{metric_label}` is the label of the headline metric in the column `metric`, and `{times}` lists the
    metrics that are said as multiples.
    """
    native = _dataset(dataset.name, dataset.description, dataset.time_column)
    return {
        **native,
        "schema": SCHEMA,
        "sql": dataset.sql.replace("{metric_label}", _label_expression(definitions)).replace(
            "{times}", _multiples(definitions)
        ),
        "columns": [
            *(_column(name, name.replace("_", " "), "", type_) for name, type_ in dataset.columns.items()),
            *_worded(dataset.columns),
        ],
        "metrics": [
            _metric(name, name.replace("_", " "), f"sum({name})", "", unit) for name, unit in dataset.metrics.items()
        ],
    }


def bound_to_its_grain(metric: Mapping[str, Any]) -> bool:
    """Whether a metric is right on the mart's own rows only: neither a sum nor a ratio of sums."""
    return not metric["additive"] and not metric.get("numerator")


def headline_metrics(definitions: Definitions) -> dict[str, Mapping[str, Any]]:
    """Definition by name of every metric that `kpi_daily` may show."""
    found: dict[str, Mapping[str, Any]] = {}
    for _, model in sorted(definitions["models"].items()):
        for name, column in model["columns"].items():
            if column["metric"]:
                found.setdefault(column["metric"].get("name") or name, column["metric"])
    return found


def _mart(name: str, model: Mapping[str, Any], definitions: Definitions) -> NativeDataset:
    columns = model["columns"]
    dates = [column for column, about in columns.items() if _is_time(about["data_type"])]
    native = _dataset(name, model["description"], dates[0] if dates else None)
    measures = _headline_measures(definitions) if name == HEADLINE else _measures(columns)
    return {
        **native,
        "schema": SCHEMA,
        "columns": [
            _column(column, (about["metric"] or {}).get("label"), about["description"], about["data_type"])
            for column, about in columns.items()
        ]
        + list(_worded({column: about["data_type"] for column, about in columns.items()})),
        "metrics": [*measures, _metric("rows", "Rows", "count(*)", "How many rows there are.", "count")],
    }


def _measures(columns: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, about in columns.items():
        metric = about["metric"]
        if metric:
            yield _metric(name, metric["label"], _expression(name, metric), metric["formula"], _unit(metric))


def _expression(name: str, metric: Mapping[str, Any]) -> str:
    if bound_to_its_grain(metric):
        return f"max({name})"
    if metric["additive"]:
        return f"sum({name})"
    return f"sum({metric['numerator']}) / nullif(sum({metric['denominator']}), 0)"


def _headline_measures(definitions: Definitions) -> Iterator[dict[str, Any]]:
    for name, metric in headline_metrics(definitions).items():
        expression = f"max(case when metric = '{name}' then value end)"
        yield _metric(name, metric["label"], expression, metric["formula"], _unit(metric))


def _unit(metric: Mapping[str, Any]) -> str:
    """As people say it: three times, not 300 %."""
    return str(metric.get("said_as") or metric["unit"])


def _multiples(definitions: Definitions) -> str:
    names = (name for name, metric in headline_metrics(definitions).items() if _unit(metric) == "multiple")
    return ", ".join(f"'{name}'" for name in names)


def _label_expression(definitions: Definitions) -> str:
    cases = " ".join(
        f"when '{name}' then '{metric['label']}'" for name, metric in headline_metrics(definitions).items()
    )
    return f"case metric {cases} else metric end"


def _worded(columns: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """Columns for axes and legends: a category as people write it, a month as `2026-11`."""
    for name, type_ in columns.items():
        if name in _CATEGORIES:
            worded = f"upper(left({name}, 1)) || replace(substr({name}, 2), '_', ' ')"
            for plain, branded in _BRANDS.items():
                worded = f"replace({worded}, '{plain}', '{branded}')"
        elif name.endswith("_month") and _is_time(type_):
            worded = f"strftime({name}, '%Y-%m')"
        else:
            continue
        label = name.replace("_", " ").capitalize()
        yield {**_column(f"{name}_label", label, "As it stands in legends.", "varchar"), "expression": worded}


def _dataset(name: str, description: str, time_column: str | None) -> NativeDataset:
    return {
        "table_name": name,
        "description": " ".join(description.split()),
        "main_dttm_col": time_column,
        "uuid": asset_uuid("dataset", name),
        "database_uuid": asset_uuid("database", DATABASE_NAME),
        "version": "1.0.0",
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": OWNER, "details": "Defined in dbt."}},
    }


def _column(name: str, label: str | None, description: str, type_: str | None) -> dict[str, Any]:
    return {
        "column_name": name,
        "verbose_name": label,
        "description": " ".join(description.split()),
        "type": type_.upper() if type_ else None,
        "is_dttm": _is_time(type_),
        "filterable": True,
        "groupby": True,
        "is_active": True,
    }


def _metric(name: str, label: str, expression: str, formula: str, unit: str) -> dict[str, Any]:
    return {
        "metric_name": name,
        "verbose_name": label,
        "expression": expression,
        "description": formula,
        "d3format": FORMATS[unit],
        **({"currency": _EURO} if unit == "eur" else {}),
    }


def _is_time(type_: str | None) -> bool:
    # The columns of a seed have no declared type; none of them is a time.
    return (type_ or "").lower().startswith(("date", "timestamp"))
