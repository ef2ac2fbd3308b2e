"""Dashboards as files, over a running Superset: pushed twice, edited, pulled, removed; and a publish under load."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.lib.dashboards import published_content
from serving.publish import publish, rollback
from serving.versions import current
from superset_dashboards.assets import ASSETS as FOLDER
from superset_dashboards.assets import Assets, Tile, read_assets
from superset_dashboards.client import SupersetClient
from superset_dashboards.pull import pull
from superset_dashboards.push import push
from tests.browser.conftest import Dashboards

ASSETS = read_assets()


def counts(client: SupersetClient) -> dict[str, int]:
    return {kind: len(list(client.entries(kind, ["id"]))) for kind in ("dashboard", "chart", "dataset")}


@pytest.fixture
def client(dashboards: Dashboards) -> Iterator[SupersetClient]:
    """Whatever a test pushes, the files as they stand are pushed again."""
    with dashboards.client() as client:
        yield client
        push(client, ASSETS, published_content(dashboards.layout), lambda _: None)


def test_push__again_changes_nothing(dashboards: Dashboards, client: SupersetClient) -> None:
    before = counts(client)
    pushed = push(client, ASSETS, published_content(dashboards.layout), lambda _: None)
    assert pushed.removed == ()
    assert counts(client) == before


def test_push__removes_what_left_the_repository_and_nothing_else(
    dashboards: Dashboards, client: SupersetClient
) -> None:
    analysts = {
        "slice_name": "An analyst's own",
        "viz_type": "table",
        "datasource_type": "table",
        "datasource_id": next(client.entries("dataset", ["id"]))["id"],
        "params": "{}",
    }
    own = client.post("chart/", analysts)["id"]
    without = Assets(
        charts={name: chart for name, chart in ASSETS.charts.items() if name != "leads"},
        dashboards={
            name: replace(board, rows=tuple(tuple(tile for tile in row if tile.chart != "leads") for row in board.rows))
            for name, board in ASSETS.dashboards.items()
        },
        datasets=ASSETS.datasets,
        colors=ASSETS.colors,
    )
    pushed = push(client, without, published_content(dashboards.layout), lambda _: None)
    assert pushed.removed == ("chart Leads captured by month",)
    left = {entry["slice_name"] for entry in client.entries("chart", ["id", "slice_name"])}
    assert "An analyst's own" in left
    client.delete(f"chart/{own}")


def test_pull__brings_an_edit_back_and_touches_nothing_else(
    dashboards: Dashboards, client: SupersetClient, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "assets"))
    targets = published_content(dashboards.layout).targets
    assert pull(client, ASSETS, targets, folder) == []
    (mrr,) = [entry for entry in client.entries("chart", ["id", "slice_name"]) if entry["slice_name"] == "MRR"]
    client.put(f"chart/{mrr['id']}", {"slice_name": "Monthly recurring revenue"})
    assert pull(client, ASSETS, targets, folder) == [folder / "charts" / "kpi_mrr.yaml"]
    assert read_assets(folder).charts["kpi_mrr"] == replace(ASSETS.charts["kpi_mrr"], title="Monthly recurring revenue")


def test_pull__brings_a_dragged_tile_back(dashboards: Dashboards, client: SupersetClient, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "assets"))
    executive = ASSETS.dashboards["executive"]
    wider = replace(executive, rows=(*executive.rows[:-1], (Tile(12, 40, chart="mrr_daily"),), executive.rows[-1][:1]))
    edited = replace(ASSETS, dashboards={**ASSETS.dashboards, "executive": wider})
    content = published_content(dashboards.layout)
    push(client, edited, content, lambda _: None)
    assert pull(client, ASSETS, content.targets, folder) == [folder / "dashboards" / "executive.yaml"]
    assert read_assets(folder).dashboards["executive"] == wider


def test_a_publish__is_what_the_next_view_shows_and_loses_no_request(
    dashboards: Dashboards, client: SupersetClient
) -> None:
    """Two versions flipped twenty times while charts are asked for: each answer is one of the two, whole."""
    layout = dashboards.layout
    first = current(layout.published)
    assert first is not None
    second = publish(
        layout.warehouse,
        layout.published,
        run_id="again",
        run_instant=first.run_instant,
        as_of_date=first.as_of_date,
        definitions=published_content(layout).definitions,
        published_at=first.published_at.replace(year=first.published_at.year + 1),
    )
    (dataset,) = [
        entry["id"]
        for entry in client.entries("dataset", ["id", "table_name"])
        if entry["table_name"] == "published_version"
    ]
    asked = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [{"columns": ["version"], "metrics": [], "row_limit": 5}],
        "result_format": "json",
        "result_type": "full",
    }

    def shown() -> str:
        (row,) = client.post("chart/data", asked)["result"][0]["data"]
        return str(row["version"])

    assert shown() == second.id
    flips = [first.id, second.id] * 10
    stop = threading.Event()

    def flip() -> None:
        for version in flips:
            rollback(layout.published, version)
            if stop.wait(0.3):
                return

    publishing = threading.Thread(target=flip)
    publishing.start()
    try:
        answers = [shown() for _ in range(200)]
    finally:
        stop.set()
        publishing.join()
    assert set(answers) <= {first.id, second.id}
    rollback(layout.published, first.id)
    assert shown() == first.id
