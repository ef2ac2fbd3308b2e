"""A dashboard's filters into Superset's native filter configuration, and back.

Belongs here: the two kinds of filter in use, a time range and a choice of values. Does not: layout, charts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from superset_dashboards.assets import Filter
from superset_dashboards.identity import asset_uuid


def configuration(dashboard: str, filters: Sequence[Filter], chart_ids: Mapping[str, int]) -> list[dict[str, Any]]:
    """Superset's `native_filter_configuration`. `chart_ids`: the stand-in ids of the dashboard's charts, by name."""
    return [_native(dashboard, number, item, chart_ids) for number, item in enumerate(filters, 1)]


def filters_of(
    configured: Sequence[Mapping[str, Any]], chart_names: Mapping[int, str], datasets: Mapping[str, str]
) -> tuple[Filter, ...]:
    """The filters of a configuration. `chart_names`: name by id; `datasets`: name by uuid."""
    return tuple(_filter(item, chart_names, datasets) for item in configured)


def _native(dashboard: str, number: int, item: Filter, chart_ids: Mapping[str, int]) -> dict[str, Any]:
    excluded = [number for name, number in chart_ids.items() if item.charts and name not in item.charts]
    common = {
        "id": f"NATIVE_FILTER-{dashboard}-{number}",
        "name": item.name,
        "type": "NATIVE_FILTER",
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "description": "",
    }
    if item.column is None:
        extra = {"time_range": item.default} if item.default else {}
        state = {"value": item.default} if item.default else {}
        return {
            **common,
            "filterType": "filter_time",
            "targets": [{}],
            "controlValues": {"enableEmptyFilter": False},
            "defaultDataMask": {"extraFormData": extra, "filterState": state},
        }
    assert item.dataset is not None
    chosen = item.default or []
    extra = {"filters": [{"col": item.column, "op": "IN", "val": chosen}]} if chosen else {}
    return {
        **common,
        "filterType": "filter_select",
        "targets": [{"column": {"name": item.column}, "datasetUuid": asset_uuid("dataset", item.dataset)}],
        "controlValues": {
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "multiSelect": True,
            "searchAllOptions": False,
            "inverseSelection": False,
        },
        "defaultDataMask": {"extraFormData": extra, "filterState": {"value": chosen} if chosen else {}},
    }


def _filter(item: Mapping[str, Any], chart_names: Mapping[int, str], datasets: Mapping[str, str]) -> Filter:
    excluded = {chart_names.get(number) for number in item["scope"].get("excluded", [])}
    charts = frozenset(name for name in chart_names.values() if excluded and name not in excluded)
    default = item.get("defaultDataMask", {}).get("filterState", {}).get("value")
    target = item["targets"][0] if item["targets"] else {}
    column = target.get("column", {}).get("name")
    dataset = datasets.get(target.get("datasetUuid", "")) if column else None
    return Filter(item["name"], default or None, dataset, column, charts)
