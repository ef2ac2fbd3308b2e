"""What a caller sees of a version, by role and scopes."""

from __future__ import annotations

from typing import Any

import pytest

from serving.api.access import Principal
from serving.api.access.visibility import Visibility

RULE = {"sizes": ["trial_count"], "hides": ["trial_count"]}


def column(*domains: str, metric: bool = False) -> dict[str, Any]:
    return {"description": "", "data_type": "bigint", "domains": list(domains), "metric": {} if metric else None}


DEFINITIONS: dict[str, Any] = {
    "models": {
        "mrr_daily": {
            "key": ["date"],
            "cohorts": [],
            "columns": {"date": column("finance"), "mrr_eur": column("finance", metric=True)},
        },
        "activation": {
            "key": ["month"],
            "cohorts": [RULE],
            "columns": {
                "month": column("acquisition"),
                "trial_count": column("acquisition", metric=True),
                "activation_ratio": column("acquisition", metric=True),
            },
        },
        "trials": {
            "key": ["account_id"],
            "cohorts": [],
            "columns": {"account_id": column("acquisition", "finance"), "nobody": column()},
        },
        # As a version has it that was published before domains were written down.
        "old": {"key": [], "columns": {"value": {"description": "", "data_type": "bigint", "metric": {}}}},
    }
}


def visibility(role: str, *scopes: str) -> Visibility:
    return Visibility(Principal("key:1", role, frozenset(scopes)), DEFINITIONS, 5)


def test_column__is_seen_by_who_has_one_of_its_domains() -> None:
    seen = visibility("analyst", "finance")
    assert not seen.hides("mrr_daily", "mrr_eur")
    assert not seen.hides("trials", "account_id")
    assert seen.hides("activation", "trial_count")


@pytest.mark.parametrize("column", [("trials", "nobody"), ("old", "value"), ("mrr_daily", "x"), ("unknown", "x")])
def test_column__that_nobody_placed_is_hidden_from_everybody(column: tuple[str, str]) -> None:
    assert visibility("management", "product", "acquisition", "finance", "catalog").hides(*column)


def test_headline_metrics__are_the_roles_within_the_scopes_of_the_caller() -> None:
    assert visibility("analyst", "finance", "acquisition").metrics_of_kpi_daily() == {
        "mrr_eur",
        "trial_count",
        "activation_ratio",
    }
    assert visibility("analyst", "finance").metrics_of_kpi_daily() == {"mrr_eur"}
    # Marketing's list has no trial_count, and nothing that would need another scope.
    assert visibility("marketing", "acquisition", "finance").metrics_of_kpi_daily() == {"activation_ratio"}
    assert visibility("marketing", "catalog").metrics_of_kpi_daily() == set()


def test_relation__is_the_mart_itself_where_nobody_is_counted() -> None:
    assert visibility("analyst", "finance").relation("mrr_daily") == 'marts."mrr_daily"'


def test_relation__suppresses_for_all_but_management() -> None:
    assert '"trial_count", 0) < 5' in visibility("analyst", "acquisition").relation("activation")
    assert '"trial_count", 0) < 0' in visibility("management", "acquisition").relation("activation")


def test_relation__of_an_unknown_mart_is_an_error() -> None:
    with pytest.raises(KeyError):
        visibility("management", "finance").relation("fct_secrets")


def test_groups__of_cohorts_and_of_facts_are_hidden_by_their_rows() -> None:
    seen = visibility("analyst", "acquisition")
    assert seen.is_hidden_group("trials", ["nobody"]) == "coalesce(bool_or(is_suppressed), false)"
    assert seen.is_hidden_group("activation", ["trial_count"]) == "coalesce(bool_or(is_suppressed), false)"
    assert seen.is_hidden_group("mrr_daily", ["mrr_eur"]) == "false"


def test_groups__of_columns_that_no_rule_hides_are_not_hidden() -> None:
    assert visibility("analyst", "acquisition").is_hidden_group("activation", ["month"]) == "false"


def test_facts__of_accounts_are_given_by_month_to_all_but_management() -> None:
    assert visibility("analyst", "acquisition").is_given_by_month("trials")
    assert not visibility("management", "acquisition").is_given_by_month("trials")
    assert not visibility("analyst", "finance").is_given_by_month("mrr_daily")
    # Its rows are groups already.
    assert not visibility("analyst", "acquisition").is_given_by_month("activation")


def test_key__tells_apart_who_sees_different_things() -> None:
    keys = {
        visibility("management", "finance").key,
        visibility("analyst", "finance").key,
        visibility("analyst", "finance", "acquisition").key,
        visibility("marketing", "acquisition").key,
    }
    assert len(keys) == 4
    assert visibility("analyst", "finance").key == visibility("analyst", "finance").key


def test_role__that_is_not_in_the_file_sees_nothing_at_all() -> None:
    with pytest.raises(ValueError, match="intern"):
        visibility("intern", "finance")
