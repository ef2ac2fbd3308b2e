"""Who may see what, through Superset's own API: role × dashboard × dataset × export."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serving.roles import Role, read_roles
from superset_dashboards.assets import read_assets
from superset_dashboards.client import SupersetError
from superset_dashboards.identity import DATABASE_NAME
from superset_dashboards.roles import apply_roles, datasets_of
from tests.browser.conftest import SILENT, Dashboards

ASSETS = read_assets()
ROLES = {role.name: role for role in read_roles()}
FINANCE = ("revenue_monthly", "mrr_daily", "fct_mrr_movements", "fct_revenue_lines", "plan_mix_monthly")


@pytest.fixture(scope="module")
def datasets(dashboards: Dashboards) -> dict[str, int]:
    with dashboards.client() as admin:
        return {entry["table_name"]: entry["id"] for entry in admin.entries("dataset", ["id", "table_name"])}


def query(dataset: int, columns: list[str], result_format: str) -> dict[str, object]:
    return {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [{"columns": columns, "metrics": [], "row_limit": 1000}],
        "result_format": result_format,
        "result_type": "results" if result_format == "json" else "full",
    }


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_dashboards__a_role_sees_its_own_and_no_other(dashboards: Dashboards, role: Role) -> None:
    with dashboards.client_of(role.name) as client:
        seen = {entry["slug"] for entry in client.entries("dashboard", ["id", "slug"])}
        assert seen == set(role.dashboards)
        for name in ASSETS.dashboards.keys() - seen:
            with pytest.raises(SupersetError, match=r": 40[34],"):
                client.get(f"dashboard/{name}")


def test_dashboard__taken_from_every_role_is_seen_by_administrators_alone(dashboards: Dashboards) -> None:
    taken = [replace(role, dashboards=tuple({*role.dashboards} - {"retention"})) for role in ROLES.values()]
    with dashboards.client() as admin:
        try:
            apply_roles(admin, taken, ASSETS, {}, SILENT.doing)
            assert admin.get("dashboard/retention")
            for name in ROLES:
                with dashboards.client_of(name) as client, pytest.raises(SupersetError, match=r": 40[34],"):
                    client.get("dashboard/retention")
        finally:
            apply_roles(admin, list(ROLES.values()), ASSETS, {}, SILENT.doing)


@pytest.mark.parametrize("result_format", ["json", "csv"])
@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_datasets__a_role_reads_and_exports_those_of_its_dashboards_and_no_other(
    dashboards: Dashboards, datasets: dict[str, int], role: Role, result_format: str
) -> None:
    allowed = set(datasets) if role.sql_lab else datasets_of(role, ASSETS)
    with dashboards.client_of(role.name) as client, dashboards.client() as admin:
        for name, number in datasets.items():
            column = admin.get(f"dataset/{number}")["result"]["columns"][0]["column_name"]
            asked = query(number, [column], result_format)
            if name in allowed:
                client.send("chart/data", asked)
            else:
                with pytest.raises(SupersetError, match=r": 403,"):
                    client.send("chart/data", asked)


def test_marketing_and_support__see_no_revenue(dashboards: Dashboards, datasets: dict[str, int]) -> None:
    for name in ("marketing", "support"):
        assert not datasets_of(ROLES[name], ASSETS) & set(FINANCE)
        with dashboards.client_of(name) as client:
            answer = client.post("chart/data", query(datasets["kpi_daily"], ["metric"], "json"))
            metrics = {row["metric"] for row in answer["result"][0]["data"]}
            assert metrics
            assert not metrics & {"mrr_eur", "arr_eur", "arpu_eur", "ltv_eur", "paying_accounts"}


def sql(dashboards: Dashboards, role: str, statement: str) -> object:
    with dashboards.client() as admin:
        (database,) = [
            entry["id"]
            for entry in admin.entries("database", ["id", "database_name"])
            if entry["database_name"] == DATABASE_NAME
        ]
    with dashboards.client_of(role) as client:
        return client.post("sqllab/execute/", {"database_id": database, "sql": statement, "runAsync": False})


def test_analyst__queries_the_marts(dashboards: Dashboards) -> None:
    answer = sql(dashboards, "analyst", "select count(*) as days from marts.mrr_daily")
    assert isinstance(answer, dict)
    assert answer["data"][0]["days"] > 0


@pytest.mark.parametrize(
    "statement",
    [
        "create table marts.mine as select 1",
        "delete from marts.mrr_daily",
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/other.duckdb'",
        "set enable_external_access = true",
        "copy marts.mrr_daily to '/tmp/taken.csv'",
        "install httpfs",
    ],
)
def test_analyst__changes_nothing_and_leaves_the_file_by_no_way(dashboards: Dashboards, statement: str) -> None:
    with pytest.raises(SupersetError):
        sql(dashboards, "analyst", statement)


@pytest.mark.parametrize("role", ["management", "marketing", "support"])
def test_sql__is_for_analysts_only(dashboards: Dashboards, role: str) -> None:
    with pytest.raises(SupersetError, match=r": 403,"):
        sql(dashboards, role, "select 1")


def test_nobody__sees_anything_without_a_name(dashboards: Dashboards) -> None:
    import requests

    for path in ("api/v1/dashboard/", "api/v1/chart/", "api/v1/dataset/", "superset/dashboard/executive/"):
        answer = requests.get(f"{dashboards.address}/{path}", timeout=30, allow_redirects=False)
        held = answer.json().get("result", []) if answer.headers["Content-Type"].startswith("application/json") else []
        assert answer.status_code in {401, 403, 302} or held == [], path
