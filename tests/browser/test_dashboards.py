"""What management sees: every chart of every dashboard, with data, on a wide screen and on a laptop's.

The pictures are kept in build/screenshots.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from playwright.sync_api import Browser

from superset_dashboards.assets import read_assets
from tests.browser.conftest import Dashboards
from tests.browser.viewing import DRAWN_MS, Viewer, viewing

ASSETS = read_assets()
LAPTOP, WIDE = 1280, 1440


@pytest.fixture(scope="module")
def viewer(browser: Browser, dashboards: Dashboards) -> Iterator[Viewer]:
    with viewing(browser, dashboards.address, ("management", "management-password"), WIDE) as viewer:
        yield viewer


@pytest.mark.parametrize("name", ASSETS.dashboards)
def test_dashboard__shows_every_chart_with_data_and_no_error(viewer: Viewer, name: str) -> None:
    viewer.complaints.clear()
    dashboard = ASSETS.dashboards[name]
    viewer.open(name, len(dashboard.charts))
    viewer.keep(name)
    texts = viewer.texts()
    assert set(texts) == {ASSETS.charts[chart].title for chart in dashboard.charts}
    for title, text in texts.items():
        assert "No results" not in text, title
        assert "error" not in text.lower(), title
    assert viewer.complaints == []


def test_dashboards__fit_a_laptop(browser: Browser, dashboards: Dashboards) -> None:
    with viewing(browser, dashboards.address, ("management", "management-password"), LAPTOP) as viewer:
        viewer.open("executive", len(ASSETS.dashboards["executive"].charts))
        viewer.keep("executive_laptop")
        wider = viewer.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0
        assert viewer.complaints == []


def test_header__says_which_version_and_which_day(viewer: Viewer, dashboards: Dashboards) -> None:
    viewer.open("executive", len(ASSETS.dashboards["executive"].charts))
    version = (dashboards.layout.published / "current").resolve().name
    said = viewer.texts()[ASSETS.charts["version"].title]
    assert version in said
    assert "21 November 2026" in said


def test_executive__shows_the_numbers_of_kpi_daily(viewer: Viewer, dashboards: Dashboards) -> None:
    viewer.open("executive", len(ASSETS.dashboards["executive"].charts))
    texts = viewer.texts()
    current = dashboards.layout.published / "current" / "warehouse.duckdb"
    with duckdb.connect(str(current), read_only=True) as connection:
        values = dict(
            connection.execute(
                "with kpis as (select *, max(as_of_date) over () as last_day from marts.kpi_daily)"
                " select metric, value from kpis where as_of_date = last_day"
            ).fetchall()
        )
    tiles = [name for name in ASSETS.dashboards["executive"].charts if ASSETS.charts[name].viz_type == "big_number"]
    assert len(tiles) == 12
    for name in tiles:
        metric = ASSETS.charts[name].params["metric"]
        assert _as_a_tile(metric, values[metric]) in texts[ASSETS.charts[name].title].splitlines(), name


def _as_a_tile(metric: str, value: float) -> str:
    if metric.endswith("_eur"):
        return f"€ {value:,.0f}"
    if metric == "quick_ratio":
        return f"{value:.2f}"
    if metric.endswith("_ratio"):
        return f"{value:.1%}"
    return f"{value:,.0f}" if metric == "weekly_active_agents" else f"{value:,.1f}"


FILTERS = [(name, number) for name, board in ASSETS.dashboards.items() for number in range(len(board.filters))]


@pytest.mark.parametrize(("name", "number"), FILTERS)
def test_filter__reaches_the_charts_it_is_for(viewer: Viewer, name: str, number: int) -> None:
    viewer.complaints.clear()
    dashboard = ASSETS.dashboards[name]
    chosen = dashboard.filters[number]
    viewer.open(name, len(dashboard.charts))
    page = viewer.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or "") if "chart/data" in request.url else None)
    control = page.locator("[data-test=form-item-value]").nth(number)
    if chosen.column is None:
        control.locator("[data-test=time-range-trigger]").click()
        popover = page.locator(".time-range-popover")
        popover.get_by_label("Range type").first.click()
        page.locator(".ant-select-item-option", has_text="Last").first.click()
        popover.get_by_text("Last year").click()
        popover.get_by_role("button", name="Apply").click()
    else:
        control.locator(".ant-select").click()
        page.locator(".ant-select-item-option:visible").first.click()
        # The list stays open for a second choice, and over the button.
        page.locator(".dashboard-header-wrapper, [data-test=dashboard-header-wrapper]").first.click()
    page.locator("[data-test=filter-bar__apply-button]").click()
    page.wait_for_timeout(1000)
    page.wait_for_function("() => !document.querySelector('[data-test=loading-indicator], .loading')", timeout=DRAWN_MS)
    marker = f'"col":"{chosen.column}"' if chosen.column else '"time_range":"Last'
    reached = [body for body in asked if marker in body.replace(": ", ":")]
    assert len(reached) >= (len(chosen.charts) or 1), asked
    assert viewer.complaints == []
