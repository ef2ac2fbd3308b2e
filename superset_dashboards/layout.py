"""A dashboard's rows of tiles into Superset's tree of positions, and back.

Belongs here: the grid. Does not: filters, or what a chart is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from superset_dashboards.assets import Tile
from superset_dashboards.identity import asset_uuid

Rows = Sequence[Sequence[Tile]]

_GRID, _ROOT = "GRID_ID", "ROOT_ID"


class UnknownLayoutError(ValueError):
    """A dashboard that was rearranged with parts the files have no word for (tabs, columns)."""


def positions(title: str, rows: Rows) -> dict[str, Any]:
    """Superset's `position` of a dashboard."""
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        _ROOT: {"type": "ROOT", "id": _ROOT, "children": [_GRID]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
        _GRID: {"type": "GRID", "id": _GRID, "children": [], "parents": [_ROOT]},
    }
    stand_ins = stand_in_ids(rows)
    for number, row in enumerate(rows, 1):
        row_id = f"ROW-{number}"
        tree[_GRID]["children"].append(row_id)
        tree[row_id] = {
            "type": "ROW",
            "id": row_id,
            "children": [],
            "parents": [_ROOT, _GRID],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for place, tile in enumerate(row, 1):
            node = _node(tile, f"{number}-{place}", stand_ins)
            tree[row_id]["children"].append(node["id"])
            tree[node["id"]] = {**node, "children": [], "parents": [_ROOT, _GRID, row_id]}
    return tree


def stand_in_ids(rows: Rows) -> dict[str, int]:
    """A number for each chart, by name: real ids differ from one Superset to the next, and the import puts them in."""
    names = [tile.chart for row in rows for tile in row if tile.chart is not None]
    return {name: number for number, name in enumerate(names, 1)}


def rows_of(tree: Mapping[str, Any], chart_names: Mapping[str, str]) -> tuple[tuple[Tile, ...], ...]:
    """The rows of a `position`; `chart_names`: name by uuid. Raises UnknownLayoutError for anything but rows."""
    return tuple(tuple(_tiles(tree, row_id, chart_names)) for row_id in tree[_GRID]["children"])


def _node(tile: Tile, place: str, stand_ins: Mapping[str, int]) -> dict[str, Any]:
    size = {"width": tile.width, "height": tile.height}
    if tile.chart is None:
        return {"type": "MARKDOWN", "id": f"MARKDOWN-{place}", "meta": {**size, "code": tile.text or ""}}
    meta = {**size, "chartId": stand_ins[tile.chart], "uuid": asset_uuid("chart", tile.chart)}
    return {"type": "CHART", "id": f"CHART-{place}", "meta": meta}


def _tiles(tree: Mapping[str, Any], row_id: str, chart_names: Mapping[str, str]) -> Iterator[Tile]:
    row = tree[row_id]
    if row["type"] != "ROW":
        raise UnknownLayoutError(f"a {row['type'].lower()} stands where only rows can be read back")
    for child_id in row["children"]:
        child = tree[child_id]
        meta = child.get("meta", {})
        size = {"width": meta.get("width"), "height": meta.get("height")}
        if child["type"] == "MARKDOWN":
            yield Tile(**size, text=meta.get("code", ""))
        elif child["type"] == "CHART" and meta.get("uuid") in chart_names:
            yield Tile(**size, chart=chart_names[meta["uuid"]])
        else:
            raise UnknownLayoutError(f"a {child['type'].lower()} that the files have no word for stands in a row")
