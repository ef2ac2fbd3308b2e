"""What was edited in Superset, back into the files.

Belongs here: Superset's export compared with what was pushed, and the files it changes. Does not: committing them.
Only what differs from the pushed state is written, so that the diff shows the edit and nothing else.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from superset_dashboards.assets import (
    Assets,
    Chart,
    Dashboard,
    chart_text,
    dashboard_text,
)
from superset_dashboards.client import SupersetClient
from superset_dashboards.filters import filters_of
from superset_dashboards.identity import asset_uuid
from superset_dashboards.layout import rows_of
from superset_dashboards.native import Targets, native_chart

# Form data that Superset adds by itself and that says nothing: ids of this Superset, the link to the dataset.
_VOLATILE = frozenset({"viz_type", "datasource", "slice_id", "dashboards", "extra_form_data", "url_params"})

_BY_TITLE = {"chart": "slice_name", "dashboard": "dashboard_title"}


def pull(client: SupersetClient, assets: Assets, targets: Targets, folder: Path) -> list[Path]:
    """Write the files of the dashboards and charts that were edited in Superset; returns those written.

    Raises UnknownLayoutError for a dashboard that was given parts the files cannot say, SupersetError.
    """
    exported = _export(client)
    datasets = {str(document["uuid"]): document["table_name"] for document in exported["datasets"]}
    charts = _charts(exported["charts"], assets, datasets, targets)
    names = {asset_uuid("chart", name): name for name in assets.charts} | {
        str(document["uuid"]): name for name, document in _named(exported["charts"], assets.charts, "chart").items()
    }
    dashboards = _dashboards(exported["dashboards"], assets, names, datasets)
    written: list[Path] = []
    for name, chart in charts.items():
        if assets.charts.get(name) != chart:
            written.append(_write(folder / "charts" / f"{name}.yaml", chart_text(chart)))
    for name, dashboard in dashboards.items():
        if assets.dashboards.get(name) != dashboard:
            written.append(_write(folder / "dashboards" / f"{name}.yaml", dashboard_text(dashboard)))
    return written


def _export(client: SupersetClient) -> dict[str, list[dict[str, Any]]]:
    """Documents of every dashboard that is ours, with all it stands on, by kind."""
    ids = [entry["id"] for entry in client.entries("dashboard", ["id", "certified_by"]) if entry["certified_by"]]
    found: dict[str, list[dict[str, Any]]] = {"charts": [], "dashboards": [], "datasets": []}
    with zipfile.ZipFile(io.BytesIO(client.download("dashboard/export/", ids))) as archive:
        for path in archive.namelist():
            kind = path.split("/")[1]
            if kind in found:
                found[kind].append(yaml.safe_load(archive.read(path)))
    return found


def _named(documents: list[dict[str, Any]], known: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The documents by the name of their file: known by uuid, else made of the title."""
    names = {asset_uuid(kind, name): name for name in known}
    return {names.get(str(document["uuid"])) or _slug(document[_BY_TITLE[kind]]): document for document in documents}


def _charts(
    documents: list[dict[str, Any]], assets: Assets, datasets: Mapping[str, str], targets: Targets
) -> dict[str, Chart]:
    found = {}
    for name, document in _named(documents, assets.charts, "chart").items():
        before = assets.charts.get(name)
        pushed = native_chart(before, targets)["params"] if before else {}
        params = {
            field: before.params[field] if before and pushed.get(field) == value and field in before.params else value
            for field, value in (document["params"] or {}).items()
            if field not in _VOLATILE and not (value in ([], None) and field not in pushed)
        }
        found[name] = Chart(
            name=name,
            title=document["slice_name"],
            viz_type=document["viz_type"],
            dataset=datasets[str(document["dataset_uuid"])],
            params=params,
            description=document.get("description") or "",
        )
    return found


def _dashboards(
    documents: list[dict[str, Any]], assets: Assets, charts: Mapping[str, str], datasets: Mapping[str, str]
) -> dict[str, Dashboard]:
    found = {}
    for name, document in _named(documents, assets.dashboards, "dashboard").items():
        position, metadata = document["position"], document["metadata"]
        ids = {
            node["meta"]["chartId"]: charts[node["meta"]["uuid"]]
            for node in position.values()
            if isinstance(node, dict) and node.get("type") == "CHART"
        }
        found[name] = Dashboard(
            name=name,
            title=document["dashboard_title"],
            description=document.get("description") or "",
            rows=rows_of(position, charts),
            filters=filters_of(metadata.get("native_filter_configuration", []), ids, datasets),
        )
    return found


def _slug(title: str) -> str:
    return "_".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
