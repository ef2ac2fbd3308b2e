"""The file of roles, as people may write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.headline import READING_ORDER
from serving.roles import SCOPES, read_roles


def written(folder: Path, role: str) -> Path:
    path = folder / "roles.yml"
    path.write_text(f"roles:\n  guest: {role}\n", encoding="utf-8")
    return path


def test_role__has_what_it_needs_and_no_more_than_is_said(tmp_path: Path) -> None:
    (role,) = read_roles(written(tmp_path, "{label: Guest, dashboards: [agents], scopes: [product]}"))
    assert (role.name, role.label, role.dashboards, role.scopes) == ("guest", "Guest", ("agents",), {"product"})
    assert (role.metrics, role.sees_small_cohorts, role.sql_lab) == (None, False, False)


@pytest.mark.parametrize(
    ("role", "complaint"),
    [
        ("{label: Guest, dashboards: [agents]}", "scopes"),
        ("{label: Guest, scopes: [product]}", "dashboards"),
        ("{dashboards: [agents], scopes: [product]}", "label"),
        ("{label: Guest, dashboards: [agents], scopes: [money]}", "money is none of product"),
        ("{label: Guest, dashboards: [agents], scopes: product}", "scopes is to be a list"),
        ("{label: Guest, dashboards: [agents], scopes: [product], metrics: mrr_eur}", "metrics is to be a list"),
        ("{label: Guest, dashboards: [agents], scopes: [product], metrics: null}", "metrics is to be a list"),
        ("{label: Guest, dashboards: [agents], scopes: [product], rows: {kpi_daily: 1 = 1}}", "rows"),
        # Texts are true, whatever they say.
        (
            "{label: Guest, dashboards: [agents], scopes: [product], sees_small_cohorts: 'no'}",
            "sees_small_cohorts is",
        ),
        ("{label: Guest, dashboards: [agents], scopes: [product], sql_lab: 'false'}", "sql_lab is"),
    ],
)
def test_role__that_cannot_be_read_is_named_with_what_is_wrong(tmp_path: Path, role: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"role guest: .*{complaint}"):
        read_roles(written(tmp_path, role))


def test_the_file__gives_finance_to_management_and_analysts_only() -> None:
    roles = read_roles()
    assert {role.name for role in roles if "finance" in role.scopes} == {"management", "analyst"}
    assert {role.name for role in roles if role.sees_small_cohorts} == {"management"}
    assert roles[0].name == "management"
    assert all(role.scopes <= set(SCOPES) for role in roles)


def test_the_file__names_headline_metrics_that_there_are() -> None:
    assert {metric for role in read_roles() for metric in role.metrics or ()} <= set(READING_ORDER)
