"""Our files into Superset's shapes and back: what is pushed and pulled again is what was there."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from superset_dashboards.assets import ASSETS, AssetError, Assets, chart_text, dashboard_text, read_assets
from superset_dashboards.datasets import Definitions, mart_datasets
from superset_dashboards.filters import configuration, filters_of
from superset_dashboards.identity import asset_uuid
from superset_dashboards.layout import UnknownLayoutError, positions, rows_of, stand_in_ids
from superset_dashboards.native import Targets, native_chart


def test_layout__comes_back_as_it_went(assets: Assets) -> None:
    names = {asset_uuid("chart", name): name for name in assets.charts}
    for dashboard in assets.dashboards.values():
        assert rows_of(positions(dashboard.title, dashboard.rows), names) == dashboard.rows


def test_layout__of_parts_the_files_cannot_say_is_refused(assets: Assets) -> None:
    tree = positions("Executive", assets.dashboards["executive"].rows)
    tree["ROW-1"]["type"] = "TABS"
    with pytest.raises(UnknownLayoutError, match="tabs"):
        rows_of(tree, {})


def test_filters__come_back_as_they_went(assets: Assets, definitions: Definitions) -> None:
    datasets = {asset_uuid("dataset", name): name for name in (*definitions["models"], *assets.datasets)}
    for dashboard in assets.dashboards.values():
        ids = stand_in_ids(dashboard.rows)
        native = configuration(dashboard.name, dashboard.filters, ids)
        assert filters_of(native, {number: name for name, number in ids.items()}, datasets) == dashboard.filters


def test_files__are_written_as_they_stand(assets: Assets) -> None:
    for chart in assets.charts.values():
        assert (ASSETS / "charts" / f"{chart.name}.yaml").read_text(encoding="utf-8") == chart_text(chart)
    for dashboard in assets.dashboards.values():
        assert (ASSETS / "dashboards" / f"{dashboard.name}.yaml").read_text(encoding="utf-8") == dashboard_text(
            dashboard
        )


def test_a_file_with_an_unknown_field__is_named(tmp_path: Path) -> None:
    for folder in ("charts", "dashboards", "datasets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "colors.yaml").write_text("{}")
    (tmp_path / "charts" / "odd.yaml").write_text("title: Odd\ncolour: red\n")
    with pytest.raises(AssetError, match=r"charts/odd\.yaml.*colour"):
        read_assets(tmp_path)


def test_targets__are_written_as_people_read_them(assets: Assets, targets: Targets) -> None:
    given = {**targets, "activation_ratio": (">=", "0.20"), "ttfv_median_hours": ("<", "24")}
    activation = native_chart(assets.charts["kpi_activation"], given)["params"]["subtitle"]
    ttfv = native_chart(assets.charts["kpi_ttfv"], given)["params"]["subtitle"]
    assert (activation, ttfv) == ("target ≥ 20 %", "median hours · target < 24")


def test_metrics__are_those_of_the_dbt_project_and_right_over_several_rows(definitions: Definitions) -> None:
    datasets = mart_datasets(definitions)
    expressions = {
        (name, metric["metric_name"]): metric["expression"]
        for name, dataset in datasets.items()
        for metric in dataset["metrics"]
    }
    assert expressions["cac_monthly", "spend_eur"] == "sum(spend_eur)"
    assert expressions["cac_monthly", "cac_eur"] == "sum(spend_eur) / nullif(sum(new_paying_accounts), 0)"
    assert expressions["mrr_daily", "mrr_eur"] == "max(mrr_eur)"
    assert expressions["kpi_daily", "mrr_eur"] == "max(case when metric = 'mrr_eur' then value end)"


def test_colours__are_one_for_each_label(assets: Assets) -> None:
    document = yaml.safe_load((ASSETS / "colors.yaml").read_text(encoding="utf-8"))
    assert all(Decimal(int(colour.removeprefix("#"), 16)) >= 0 and len(colour) == 7 for colour in document.values())
    assert assets.colors == document
