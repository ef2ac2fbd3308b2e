"""Superset over a real PostgreSQL instead of a file: the same dashboards, roles and numbers."""

from __future__ import annotations

import socket

from adbc_driver_postgresql import dbapi
from pydantic import SecretStr

from orchestration.lib.dashboards import push_dashboards, running_superset, signed_in
from superset_dashboards.assets import read_assets
from superset_dashboards.client import SupersetClient
from tests.browser.conftest import SILENT, Dashboards


def test_metadata_in_postgresql__holds_what_the_file_holds(dashboards: Dashboards, postgres_dsn: str) -> None:
    with dbapi.connect(postgres_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("create database superset")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = dashboards.settings.model_copy(
        update={
            "superset_url": f"http://127.0.0.1:{port}",
            "superset_metadata_uri": SecretStr(f"{postgres_dsn.rsplit('/', 1)[0]}/superset"),
        }
    )
    with (
        running_superset(settings, dashboards.layout, SILENT),
        signed_in(settings, dashboards.layout) as client,
        dashboards.client() as over_a_file,
    ):
        push_dashboards(client, dashboards.layout, SILENT)
        assert slugs(client) == slugs(over_a_file) == set(read_assets().dashboards)
        assert newest_mrr(client) == newest_mrr(over_a_file)


def slugs(client: SupersetClient) -> set[str]:
    return {entry["slug"] for entry in client.entries("dashboard", ["id", "slug"])}


def newest_mrr(client: SupersetClient) -> list[dict[str, object]]:
    (dataset,) = [e["id"] for e in client.entries("dataset", ["id", "table_name"]) if e["table_name"] == "mrr_daily"]
    query = {"columns": ["date", "mrr_eur"], "metrics": [], "orderby": [["date", False]], "row_limit": 1}
    asked = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [query],
        "result_format": "json",
        "result_type": "results",
    }
    rows: list[dict[str, object]] = client.post("chart/data", asked)["result"][0]["data"]
    assert rows
    return rows
