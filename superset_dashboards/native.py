"""Our files in Superset's own shapes: what its asset import takes.

Belongs here: charts, dashboards and the database connection as documents of the import. Does not: datasets (their
definitions come from dbt), sending them (push).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from superset_dashboards.assets import Assets, Chart, Dashboard
from superset_dashboards.datasets import Definitions, mart_datasets, virtual_dataset
from superset_dashboards.filters import configuration
from superset_dashboards.identity import DATABASE_NAME, OWNER, asset_uuid
from superset_dashboards.layout import positions, stand_in_ids

REFRESH_SECONDS = 30
# Superset's configuration names it too, with its colours.
COLOR_SCHEME = "netvexa"

_PLACE = re.compile(r"\{(?P<form>target|target_value):(?P<metric>\w+)\}")
_SIGNS = {">=": "≥", "<=": "≤"}

# Comparator and value of each metric that has a target, as the seed kpi_targets.csv writes them.
Targets = Mapping[str, tuple[str, str]]
Documents = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Published:
    """What the dashboards stand on: the definitions and targets of a version, and the file people read it from."""

    definitions: Definitions
    targets: Targets
    warehouse: Path


def documents(assets: Assets, published: Published) -> Documents:
    """Every document of the import, by its path in the bundle."""
    definitions = published.definitions
    datasets = mart_datasets(definitions) | {
        name: virtual_dataset(one, definitions) for name, one in assets.datasets.items()
    }
    return {
        f"databases/{DATABASE_NAME}.yaml": database(published.warehouse),
        **{f"datasets/{DATABASE_NAME}/{name}.yaml": dataset for name, dataset in datasets.items()},
        **{f"charts/{name}.yaml": native_chart(chart, published.targets) for name, chart in assets.charts.items()},
        **{
            f"dashboards/{name}.yaml": native_dashboard(dashboard, assets.colors)
            for name, dashboard in assets.dashboards.items()
        },
    }


def bundle(found: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The documents as the zip file the import takes."""
    metadata = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, document in {"metadata.yaml": metadata, **found}.items():
            archive.writestr(f"assets/{path}", yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True))
    return buffer.getvalue()


def database(warehouse: Path) -> dict[str, Any]:
    """The connection: read-only, no way out of the file, capped, and nobody may change that."""
    connect = {
        "read_only": True,
        "config": {
            "enable_external_access": False,
            "threads": 2,
            "memory_limit": "512MB",
            "lock_configuration": True,
        },
    }
    return {
        "database_name": DATABASE_NAME,
        "sqlalchemy_uri": f"duckdb:///{warehouse}",
        "uuid": asset_uuid("database", DATABASE_NAME),
        "version": "1.0.0",
        "expose_in_sqllab": True,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_run_async": False,
        "extra": {"engine_params": {"connect_args": connect}, "allows_virtual_table_explore": True},
    }


def native_chart(chart: Chart, targets: Targets) -> dict[str, Any]:
    """A chart as the import takes it.

    In its texts `{target:<metric>}` becomes the target as people write it, `{target_value:<metric>}` the number.
    """
    params = _filled({"viz_type": chart.viz_type, **chart.params}, targets)
    return {
        "slice_name": chart.title,
        "description": chart.description,
        "certified_by": OWNER,
        "viz_type": chart.viz_type,
        "params": params,
        "uuid": asset_uuid("chart", chart.name),
        "dataset_uuid": asset_uuid("dataset", chart.dataset),
        "version": "1.0.0",
    }


def native_dashboard(dashboard: Dashboard, colors: Mapping[str, str]) -> dict[str, Any]:
    """A dashboard as the import takes it."""
    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.description,
        "slug": dashboard.name,
        "certified_by": OWNER,
        "published": True,
        "uuid": asset_uuid("dashboard", dashboard.name),
        "version": "1.0.0",
        "position": positions(dashboard.title, dashboard.rows),
        "metadata": {
            "refresh_frequency": REFRESH_SECONDS,
            "label_colors": dict(colors),
            "color_scheme": COLOR_SCHEME,
            "cross_filters_enabled": False,
            "filter_bar_orientation": "HORIZONTAL",
            "native_filter_configuration": configuration(
                dashboard.name, dashboard.filters, stand_in_ids(dashboard.rows)
            ),
        },
    }


def _filled(value: Any, targets: Targets) -> Any:
    if isinstance(value, str):
        return _PLACE.sub(lambda found: _target(found["form"], targets[found["metric"]]), value)
    if isinstance(value, Mapping):
        return {name: _filled(part, targets) for name, part in value.items()}
    return [_filled(part, targets) for part in value] if isinstance(value, list) else value


def _target(form: str, target: tuple[str, str]) -> str:
    comparator, number = target
    return number if form == "target_value" else f"{_SIGNS.get(comparator, comparator)} {_worded(Decimal(number))}"


def _worded(number: Decimal) -> str:
    """Below 1 it is a share; nobody has a target of 0.2 of anything."""
    return f"{number * 100:.0f} %" if number < 1 else f"{number.normalize():f}"
