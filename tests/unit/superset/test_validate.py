"""Every link of dashboard → chart → dataset → mart → metric, broken once: each is named before anything is pushed."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from superset_dashboards.assets import Assets, Chart, Filter, Tile
from superset_dashboards.datasets import Definitions
from superset_dashboards.native import Targets
from superset_dashboards.validate import marts_of, problems


def with_chart(assets: Assets, name: str, **changes: Any) -> Assets:
    return replace(assets, charts={**assets.charts, name: replace(assets.charts[name], **changes)})


def with_params(assets: Assets, name: str, **params: Any) -> Assets:
    return with_chart(assets, name, params={**assets.charts[name].params, **params})


def test_the_files__resolve_against_the_dbt_project(assets: Assets, definitions: Definitions, targets: Targets) -> None:
    assert problems(assets, definitions, targets) == []
    assert len(assets.dashboards) == 6


def test_exposures__list_the_dashboards_and_the_marts_they_stand_on(assets: Assets, manifest: dict[str, Any]) -> None:
    listed = {
        exposure["name"]: {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    assert listed == {name: marts_of(name, assets) for name in assets.dashboards}


def test_a_renamed_mart_column__fails_here_and_not_on_the_dashboard(
    assets: Assets, definitions: Definitions, targets: Targets
) -> None:
    renamed = copy.deepcopy(dict(definitions))
    columns = renamed["models"]["revenue_monthly"]["columns"]
    columns["recurring_eur"] = columns.pop("closing_mrr_eur")
    found = problems(assets, renamed, targets)
    assert "charts/committed_mrr: revenue_monthly has no metric closing_mrr_eur" in found
    assert "charts/revenue_months: revenue_monthly has no column closing_mrr_eur" in found


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dataset": "mrr_weekly"}, "there is no dataset mrr_weekly"),
        ({"params": {"metrics": ["profit_eur"], "x_axis": "date"}}, "mrr_daily has no metric profit_eur"),
        ({"params": {"metrics": [{"expressionType": "SQL"}], "x_axis": "date"}}, "define it beside its mart's column"),
        ({"params": {"metrics": ["mrr_eur"], "x_axis": "day"}}, "mrr_daily has no column day"),
        (
            {"params": {"metrics": ["mrr_eur"], "x_axis": "date", "adhoc_filters": [{"expressionType": "SQL"}]}},
            "a filter is written in SQL",
        ),
        (
            {"params": {"metrics": ["mrr_eur"], "x_axis": "date", "subtitle": "{target:profit}"}},
            "kpi_targets.csv has no target for profit",
        ),
        # MRR is a balance: over the days of a month it neither adds up nor has a greatest that means anything.
        ({"params": {"metrics": ["mrr_eur"], "x_axis": "date", "time_grain_sqla": "P1M"}}, "is drawn by P1M"),
        ({"params": {"metrics": ["mrr_eur"]}}, "date must be drawn or pinned by a filter"),
    ],
)
def test_a_broken_chart__is_named_with_what_is_wrong(
    assets: Assets, definitions: Definitions, targets: Targets, changes: dict[str, Any], told: str
) -> None:
    found = problems(with_chart(assets, "mrr_daily", **changes), definitions, targets)
    assert any(line.startswith("charts/mrr_daily") and told in line for line in found), found


def test_a_ratio_whose_parts_are_named__may_be_drawn_at_any_grain(
    assets: Assets, definitions: Definitions, targets: Targets
) -> None:
    coarser = with_params(assets, "ttfv_within_target", time_grain_sqla="P1Y")
    assert problems(coarser, definitions, targets) == []
    unnamed = copy.deepcopy(dict(definitions))
    unnamed["models"]["ttfv_weekly"]["columns"]["within_target_ratio"]["metric"]["numerator"] = None
    assert any("is drawn by P1Y" in line for line in problems(coarser, unnamed, targets))


def test_a_broken_dashboard__is_named_with_what_is_wrong(
    assets: Assets, definitions: Definitions, targets: Targets
) -> None:
    executive = assets.dashboards["executive"]
    broken = replace(
        executive,
        rows=((Tile(8, 10, chart="kpi_mrr"), Tile(8, 10, chart="nothing")),),
        filters=(Filter("Plan", dataset="mrr_daily", column="plan", charts=frozenset({"mrr_by_plan"})),),
    )
    dashboards = {**assets.dashboards, "executive": broken}
    found = problems(replace(assets, dashboards=dashboards), definitions, targets)
    assert "dashboards/executive: there is no chart nothing" in found
    assert "dashboards/executive: row 1 is wider than 12 columns" in found
    assert "dashboards/executive: filter Plan is on mrr_daily.plan, which does not exist" in found
    assert "dashboards/executive: filter Plan acts on mrr_by_plan, which is not on the dashboard" in found
    assert "charts/kpi_scorecard: stands on no dashboard" in found


def test_a_chart_on_no_dashboard__is_named(assets: Assets, definitions: Definitions, targets: Targets) -> None:
    forgotten = Chart("forgotten", "Forgotten", "table", "mrr_daily", {})
    charts = {**assets.charts, "forgotten": forgotten}
    assert "charts/forgotten: stands on no dashboard" in problems(replace(assets, charts=charts), definitions, targets)
