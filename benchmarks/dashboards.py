"""`python -m benchmarks.dashboards DATA_DIR`: chart queries beside the same SQL in DuckDB, while versions appear.

Needs a data directory with a published version (make run). Belongs here: the queries, the order of the runs, the page.
Does not: Superset itself (orchestration.lib.dashboards). Nothing is written when an answer fails, holds other rows than
DuckDB gives, or mixes two versions.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks.ingestion import ROOT
from benchmarks.publications import publish_again
from orchestration.lib.dashboards import push_dashboards, running_superset, signed_in
from orchestration.lib.paths import DataLayout
from orchestration.lib.progress import Progress
from orchestration.settings import load_settings
from serving.versions import current
from superset_dashboards.assets import read_assets
from superset_dashboards.native import database

if TYPE_CHECKING:
    from superset_dashboards.client import SupersetClient

RESULTS = ROOT / "benchmarks" / "results" / "dashboards.md"
QUERIES = 200
PUBLISHES = 20
PORT = 8099


@dataclass(frozen=True)
class Query:
    """One chart's question: what Superset is asked, and the SQL it makes of it."""

    chart: str
    body: Mapping[str, Any]
    sql: str


class _Silent(Progress):
    """Says nothing."""


def main(data_dir: Path) -> None:
    """Serve, ask, publish, compare, write the page. Raises AssertionError when an answer is not the version's."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    layout = DataLayout(data_dir)
    before = current(layout.published)
    assert before is not None, f"{data_dir} holds no published version; make run first"
    settings = load_settings().model_copy(update={"data_dir": data_dir, "superset_url": f"http://127.0.0.1:{PORT}"})
    with running_superset(settings, layout, _Silent()), signed_in(settings, layout) as client:
        push_dashboards(client, layout, _Silent())
        queries = list(_queries(client))
        published: list[str] = [before.id]
        publishing = threading.Thread(target=_publish, args=(layout, published))
        publishing.start()
        asked, direct = [], []
        for number in range(QUERIES):
            query = queries[number % len(queries)]
            seconds, rows = _timed(lambda query=query: client.post("chart/data", query.body)["result"][0]["rowcount"])
            alone, expected = _timed(lambda query=query: _directly(layout, query.sql))
            assert rows == expected, f"{query.chart}: {rows} rows in the dashboard, {expected} in DuckDB"
            asked.append(seconds)
            direct.append(alone)
        publishing.join()
    RESULTS.write_text(_page(asked, direct, len(published) - 1, len(queries), load), encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))


def _queries(client: SupersetClient) -> Iterator[Query]:
    assets = read_assets()
    datasets = {entry["table_name"]: entry["id"] for entry in client.entries("dataset", ["id", "table_name"])}
    for chart in assets.charts.values():
        params = chart.params
        metrics = params.get("metrics") or ([params["metric"]] if params.get("metric") else [])
        if not metrics:
            continue
        groupby = params.get("groupby") or []
        columns = [params.get("x_axis"), *([groupby] if isinstance(groupby, str) else groupby)]
        body = {
            "datasource": {"id": datasets[chart.dataset], "type": "table"},
            "queries": [{"columns": [name for name in columns if name], "metrics": metrics, "row_limit": 10_000}],
            "result_format": "json",
            "result_type": "full",
        }
        told = client.post("chart/data", {**body, "result_type": "query"})
        yield Query(chart.name, body, told["result"][0]["query"])


def _publish(layout: DataLayout, published: list[str]) -> None:
    """Publish the same marts again and again, each as a version of its own."""
    published.extend(publish_again(layout) for _ in range(PUBLISHES))


def _directly(layout: DataLayout, sql: str) -> int:
    """The rows of the same SQL, in a connection of its own as a chart gets one."""
    file = layout.published / "current" / "warehouse.duckdb"
    connect = database(file)["extra"]["engine_params"]["connect_args"]
    with duckdb.connect(str(file), read_only=connect["read_only"], config=connect["config"]) as connection:
        return len(connection.execute(sql).fetchall())


def _timed(work: Any) -> tuple[float, int]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _page(asked: list[float], direct: list[float], publishes: int, charts: int, load: float) -> str:
    def p(values: list[float], percent: int) -> float:
        return quantiles(values, n=100)[percent - 1] * 1000

    rows = "\n".join(
        f"| {name} | {p(values, 50):.0f} | {p(values, 95):.0f} | {max(values) * 1000:.0f} |"
        for name, values in (("through Superset's API", asked), ("the same SQL in DuckDB directly", direct))
    )
    return "\n".join(
        (
            "# Chart queries while versions are published",
            "",
            f"`python -m benchmarks.dashboards data`: {len(asked)} queries of {charts} charts, one after the other,",
            f"while {publishes} versions were published. Each answer has DuckDB's number of rows; none failed.",
            f"The sample company, 2 cores, load {load:.1f} a core at the start.",
            "",
            "| ms | p50 | p95 | longest |",
            "|---|--:|--:|--:|",
            rows,
            "",
            f"p95 through Superset is {p(asked, 95) / p(direct, 95):.1f} times DuckDB's own. Between lies Superset:",
            "sessions, permissions, making the SQL, a DataFrame, JSON.",
            "",
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data").resolve())
