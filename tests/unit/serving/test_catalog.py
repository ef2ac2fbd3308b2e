"""Definitions out of a dbt manifest, and the labels they give."""

from __future__ import annotations

from typing import Any

from serving.catalog import definitions_from_manifest, metric_domains, metric_labels, multiples

METRIC = {
    "name": None,
    "label": "Monthly recurring revenue",
    "unit": "eur",
    "said_as": None,
    "formula": "sum of the accounts' MRR",
    "numerator": None,
    "denominator": None,
    "owner": "finance",
    "additive": False,
    "better": "up",
}


def model(name: str, schema: str = "marts", columns: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "schema": schema,
        "fqn": ["netvexa", "marts", "finance", name],
        "resource_type": "model",
        "description": f"One row per {name}.",
        "columns": columns or {},
        **more,
    }


def column(name: str, metric: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"The {name}.",
        "data_type": "decimal(18,4)",
        "meta": {},
        "config": {"meta": {"metric": metric} if metric else {}},
    }


def uniqueness(of: str, name: str, **kwargs: Any) -> dict[str, Any]:
    return {
        "name": name,
        "schema": "main",
        "resource_type": "test",
        "attached_node": of,
        "test_metadata": {"name": name, "kwargs": kwargs},
    }


def test_definitions__hold_every_mart_with_key_columns_and_metrics_and_nothing_else() -> None:
    manifest = {
        "nodes": {
            "model.netvexa.mrr_daily": model(
                "mrr_daily", columns={"date": column("date"), "mrr_eur": column("mrr_eur", METRIC)}
            ),
            "model.netvexa.int_x": model("int_x", schema="intermediate"),
            "test.netvexa.unique_date": uniqueness("model.netvexa.mrr_daily", "unique", column_name="date"),
            "test.netvexa.not_null": uniqueness("model.netvexa.mrr_daily", "not_null", column_name="mrr_eur"),
        }
    }
    assert definitions_from_manifest(manifest) == {
        "models": {
            "mrr_daily": {
                "description": "One row per mrr_daily.",
                "key": ["date"],
                "cohorts": [],
                "columns": {
                    "date": {
                        "description": "The date.",
                        "data_type": "decimal(18,4)",
                        "domains": ["finance"],
                        "metric": None,
                    },
                    "mrr_eur": {
                        "description": "The mrr_eur.",
                        "data_type": "decimal(18,4)",
                        "domains": ["finance"],
                        "metric": METRIC,
                    },
                },
            }
        }
    }


def test_definitions__a_key_of_several_columns_goes_before_one_of_a_single_column() -> None:
    nodes = {
        "model.netvexa.m": model("m", columns={"a": column("a"), "b": column("b"), "c": column("c")}),
        "test.netvexa.u": uniqueness("model.netvexa.m", "unique", column_name="c"),
        "test.netvexa.t": uniqueness("model.netvexa.m", "unique_together", columns=["a", "b"]),
        "test.netvexa.other": uniqueness("model.netvexa.other", "unique_together", columns=["x"]),
    }
    assert definitions_from_manifest({"nodes": nodes})["models"]["m"]["key"] == ["a", "b"]


def test_definitions__what_nobody_has_written_is_none() -> None:
    columns = {"mrr_eur": column("mrr_eur", {"label": "MRR"}), "old": {**column("old"), "meta": {"metric": METRIC}}}
    nodes = {"model.netvexa.m": model("m", columns=columns)}
    defined = definitions_from_manifest({"nodes": nodes})["models"]["m"]
    assert defined["key"] == []
    assert defined["columns"]["mrr_eur"]["metric"] == {
        "name": None,
        "label": "MRR",
        "unit": None,
        "said_as": None,
        "formula": None,
        "numerator": None,
        "denominator": None,
        "owner": None,
        "additive": None,
        "better": None,
    }
    assert defined["columns"]["old"]["metric"] == METRIC


def test_metric_labels__of_namesakes_the_first_model_wins_and_the_unlabelled_are_left_out() -> None:
    nodes = {
        "model.netvexa.b": model("b", columns={"mrr_eur": column("mrr_eur", {**METRIC, "label": "of b"})}),
        "model.netvexa.a": model(
            "a", columns={"mrr_eur": column("mrr_eur", METRIC), "x": column("x", {"unit": "eur"}), "y": column("y")}
        ),
    }
    assert metric_labels(definitions_from_manifest({"nodes": nodes})) == {"mrr_eur": "Monthly recurring revenue"}


def test_multiples__are_the_metrics_said_so_by_the_name_they_go_by() -> None:
    multiple = {**METRIC, "unit": "ratio", "said_as": "multiple"}
    columns = {
        "quick_ratio": column("quick_ratio", multiple),
        "ratio": column("ratio", {**multiple, "name": "ltv_cac_ratio"}),
        "mrr_eur": column("mrr_eur", METRIC),
        "date": column("date"),
    }
    nodes = {"model.netvexa.m": model("m", columns=columns)}
    assert multiples(definitions_from_manifest({"nodes": nodes})) == {"quick_ratio", "ltv_cac_ratio"}


def test_metric_labels__a_metric_goes_by_its_name_where_the_column_has_another() -> None:
    metric = {**METRIC, "name": "weekly_active_agents", "label": "Weekly active agents"}
    nodes = {"model.netvexa.w": model("w", columns={"active_agents": column("active_agents", metric)})}
    assert metric_labels(definitions_from_manifest({"nodes": nodes})) == {
        "weekly_active_agents": "Weekly active agents"
    }


def test_domains__are_the_marts_folder_unless_the_model_or_the_column_says_otherwise() -> None:
    own = {**column("own"), "config": {"meta": {"domains": ["product"]}}}
    nodes = {
        "model.netvexa.a": model("a", columns={"plain": column("plain"), "own": own}),
        "model.netvexa.b": model(
            "b", columns={"plain": column("plain"), "own": own}, config={"meta": {"domains": ["catalog"]}}
        ),
        "model.netvexa.c": model("c", columns={"plain": column("plain")}, fqn=["netvexa", "marts", "core", "c"]),
    }
    found = {
        (name, column): definition["domains"]
        for name, model in definitions_from_manifest({"nodes": nodes})["models"].items()
        for column, definition in model["columns"].items()
    }
    assert found == {
        ("a", "plain"): ["finance"],
        ("a", "own"): ["product"],
        ("b", "plain"): ["catalog"],
        ("b", "own"): ["product"],
        ("c", "plain"): [],
    }


def test_metric_domains__are_those_of_every_column_that_is_the_metric() -> None:
    named = {**column("median", {**METRIC, "name": "mrr_eur"}), "meta": {"domains": ["product"]}}
    nodes = {
        "model.netvexa.a": model("a", columns={"mrr_eur": column("mrr_eur", METRIC), "x": column("x")}),
        "model.netvexa.b": model("b", columns={"median": named}),
    }
    assert metric_domains(definitions_from_manifest({"nodes": nodes})) == {"mrr_eur": {"finance", "product"}}


def test_cohorts__are_carried_as_written() -> None:
    rule = {"sizes": ["n"], "hides": ["x"]}
    nodes = {"model.netvexa.a": model("a", config={"meta": {"cohorts": [rule]}})}
    assert definitions_from_manifest({"nodes": nodes})["models"]["a"]["cohorts"] == [rule]
