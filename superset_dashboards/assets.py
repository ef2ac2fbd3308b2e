"""The files under `assets/`: charts, dashboards and virtual datasets as people read and review them.

Belongs here: the shape of the files, reading and writing them. Does not: Superset's own shapes (native, layout,
filters), whether names resolve (validate).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

ASSETS = Path(__file__).parent / "assets"

Params = Mapping[str, Any]
T = TypeVar("T")


class AssetError(ValueError):
    """A file under `assets/` that cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Chart:
    """One chart. `params` are Superset's own form data, without what the other fields already say."""

    name: str
    title: str
    viz_type: str
    dataset: str
    params: Params
    description: str = ""


@dataclass(frozen=True)
class Tile:
    """A place on a dashboard: a chart by its name, or text. `width` in twelfths, `height` in Superset's grid units."""

    width: int
    height: int
    chart: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Filter:
    """A native filter. Without a column it is the time range. `charts`: those it acts on; empty means all it can."""

    name: str
    default: Any = None
    dataset: str | None = None
    column: str | None = None
    charts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: rows of tiles from top to bottom, its filters, and how it refreshes."""

    name: str
    title: str
    description: str
    rows: tuple[tuple[Tile, ...], ...]
    filters: tuple[Filter, ...] = ()

    @property
    def charts(self) -> tuple[str, ...]:
        """Names of the charts, in reading order."""
        return tuple(tile.chart for row in self.rows for tile in row if tile.chart is not None)


@dataclass(frozen=True)
class VirtualDataset:
    """A mart in another shape for a chart: the SELECT that reshapes it, and the unit of each measure it yields.

    It may turn columns into rows or name a step; what a number means is decided in dbt.
    """

    name: str
    description: str
    sql: str
    columns: Mapping[str, str]
    time_column: str | None
    metrics: Mapping[str, str]


@dataclass(frozen=True)
class Assets:
    """Everything under `assets/`, by name, and the colour of every label that has one."""

    charts: Mapping[str, Chart]
    dashboards: Mapping[str, Dashboard]
    datasets: Mapping[str, VirtualDataset]
    colors: Mapping[str, str]

    def datasets_under(self, name: str) -> set[str]:
        """Names of the datasets under a dashboard's charts and filters. Raises KeyError for an unknown dashboard."""
        dashboard = self.dashboards[name]
        of_charts = {self.charts[chart].dataset for chart in dashboard.charts}
        return of_charts | {item.dataset for item in dashboard.filters if item.dataset}


def read_assets(folder: Path = ASSETS) -> Assets:
    """Read every file. Raises AssetError for one that is no YAML, lacks a field or has one too many."""
    return Assets(
        charts={path.stem: _chart(path) for path in sorted((folder / "charts").glob("*.yaml"))},
        dashboards={path.stem: _dashboard(path) for path in sorted((folder / "dashboards").glob("*.yaml"))},
        datasets={path.stem: _dataset(path) for path in sorted((folder / "datasets").glob("*.yaml"))},
        colors=_load(folder / "colors.yaml"),
    )


def chart_text(chart: Chart) -> str:
    """The file of a chart."""
    document = {"title": chart.title, "description": chart.description, "viz_type": chart.viz_type}
    return _dump({**document, "dataset": chart.dataset, "params": dict(chart.params)})


def dashboard_text(dashboard: Dashboard) -> str:
    """The file of a dashboard."""
    return _dump(
        {
            "title": dashboard.title,
            "description": dashboard.description,
            "filters": [_without_empty(vars(item)) for item in dashboard.filters],
            "rows": [[_without_empty(vars(tile)) for tile in row] for row in dashboard.rows],
        }
    )


def _chart(path: Path) -> Chart:
    return _built(path, lambda fields: Chart(name=path.stem, **fields))


def _dataset(path: Path) -> VirtualDataset:
    return _built(path, lambda fields: VirtualDataset(name=path.stem, **fields))


def _dashboard(path: Path) -> Dashboard:
    def build(fields: dict[str, Any]) -> Dashboard:
        rows = tuple(tuple(Tile(**tile) for tile in row) for row in fields.pop("rows"))
        filters = tuple(
            Filter(**{**item, "charts": frozenset(item.get("charts", ()))}) for item in fields.pop("filters", [])
        )
        return Dashboard(name=path.stem, rows=rows, filters=filters, **fields)

    return _built(path, build)


def _built(path: Path, build: Callable[[dict[str, Any]], T]) -> T:
    fields = _load(path)
    try:
        return build(fields)
    except (TypeError, KeyError) as error:
        raise AssetError(f"{path.parent.name}/{path.name}: {error}") from None


def _load(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise AssetError(f"{path.parent.name}/{path.name}: {error}") from None
    if not isinstance(document, dict):
        raise AssetError(f"{path.parent.name}/{path.name}: a mapping is expected")
    return document


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in fields.items()}
    return {name: value for name, value in plain.items() if value not in (None, [], "")}


def _dump(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=118, default_flow_style=None)
