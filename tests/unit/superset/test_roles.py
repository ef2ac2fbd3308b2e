"""What a role of the file becomes in Superset, without a Superset."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from serving.roles import Role, read_roles
from superset_dashboards.roles import headline_rows

GUEST = Role(name="guest", label="Guest", dashboards=(), scopes=frozenset())


def rows_seen(role: Role) -> list[str]:
    """The metrics that the role's condition lets through, judged by the engine that will judge it."""
    with duckdb.connect() as connection:
        connection.execute("create table kpi_daily (metric varchar)")
        connection.execute("insert into kpi_daily values ('mrr_eur'), ('quality_score'), ('o''clock'), (null)")
        found = connection.execute(f"select metric from kpi_daily where {headline_rows(role)} order by 1").fetchall()
    return [metric for (metric,) in found]


@pytest.mark.parametrize("metrics", [("quality_score",), ("mrr_eur", "quality_score"), ("o'clock",), ()])
def test_condition__lets_through_the_roles_metrics_and_nothing_else(metrics: tuple[str, ...]) -> None:
    assert rows_seen(replace(GUEST, metrics=metrics)) == sorted(metrics)


def test_condition__of_marketing_and_support_lets_no_revenue_through() -> None:
    roles = {role.name: role for role in read_roles()}
    assert rows_seen(roles["marketing"]) == []
    assert rows_seen(roles["support"]) == ["quality_score"]
