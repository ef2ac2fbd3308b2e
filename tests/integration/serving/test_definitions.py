"""The definitions of the real project: complete, in the agreed words, and the same on the page as in the YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from serving.catalog import definitions_from_manifest, metric_labels
from serving.headline import READING_ORDER
from serving.metrics_page import read_targets, render_metrics_page

REPOSITORY = Path(__file__).resolve().parents[3]
PROJECT = REPOSITORY / "dbt_project"
VOCABULARY = {
    "unit": {"eur", "ratio", "count", "hours", "months", "score"},
    "said_as": {None, "multiple"},
    "owner": {"finance", "marketing", "product"},
    "additive": {True, False},
    "better": {"up", "down", "neither"},
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's own manifest of the project as it is in the checkout."""
    from dbt.cli.main import dbtRunner  # 3 s of imports

    target = tmp_path_factory.mktemp("dbt")
    flags = ["--log-level", "none", "--no-partial-parse", "--no-version-check", "--log-path", str(target)]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    outcome = dbtRunner().invoke([*flags, "parse", *places])
    assert outcome.success, outcome.exception
    parsed: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def definitions(manifest: dict[str, Any]) -> dict[str, Any]:
    return definitions_from_manifest(manifest)


def headline_units(manifest: dict[str, Any]) -> dict[str, str]:
    """Metric → unit as kpi_daily's own macro lists them."""
    answers: list[dict[str, str]] = []
    source = manifest["macros"]["macro.netvexa.headline_metrics"]["macro_sql"]
    template = Environment(autoescape=True).from_string(source + "{{ headline_metrics() }}")
    template.render({"return": lambda value: answers.append(value) or ""})
    (units,) = answers
    return units


def metric_columns(definitions: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for mart, model in definitions["models"].items():
        for column, described in model["columns"].items():
            if described["metric"] is not None:
                yield mart, column, described["metric"]


def test_metrics_page__is_what_the_definitions_say(definitions: dict[str, Any]) -> None:
    page = render_metrics_page(definitions, read_targets(PROJECT / "seeds" / "kpi_targets.csv"))
    written = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == page, "docs/metrics.md is out of date; run `make docs` and commit it"


def test_headline_metrics__each_has_a_place_in_the_reading_order(manifest: dict[str, Any]) -> None:
    assert sorted(headline_units(manifest)) == sorted(READING_ORDER)


def test_headline_metrics__each_finds_one_label_and_the_unit_kpi_daily_gives_it(
    manifest: dict[str, Any], definitions: dict[str, Any]
) -> None:
    labels = metric_labels(definitions)
    units = headline_units(manifest)
    defined = {
        metric: {
            (d["label"], d["unit"]) for _, column, d in metric_columns(definitions) if metric == (d["name"] or column)
        }
        for metric in units
    }
    assert defined == {metric: {(labels.get(metric), unit)} for metric, unit in units.items()}


def test_metrics__say_everything_in_the_agreed_words(definitions: dict[str, Any]) -> None:
    faults = [
        f"{mart}.{column}: {field} is {metric[field]!r}"
        for mart, column, metric in metric_columns(definitions)
        for field in ("label", "formula", *VOCABULARY)
        if not (metric[field] in VOCABULARY[field] if field in VOCABULARY else metric[field])
    ]
    assert faults == []


def test_metrics__of_a_ratio_have_the_unit_ratio_and_never_add_up(definitions: dict[str, Any]) -> None:
    faults = [
        f"{mart}.{column}"
        for mart, column, metric in metric_columns(definitions)
        if ("_ratio" in column) != (metric["unit"] == "ratio") or (metric["unit"] == "ratio" and metric["additive"])
    ]
    assert faults == []


def test_marts__every_number_that_is_money_or_a_ratio_is_a_metric(definitions: dict[str, Any]) -> None:
    plain = {"dim_plans.list_price_eur", "kpi_daily.change_ratio"}
    found = {
        f"{mart}.{column}"
        for mart, model in definitions["models"].items()
        for column, described in model["columns"].items()
        if column.endswith(("_eur", "_ratio")) and described["metric"] is None
    }
    assert found == plain


def test_descriptions__every_model_seed_source_and_column_has_one(manifest: dict[str, Any]) -> None:
    nodes = {**manifest["nodes"], **manifest["sources"]}
    undescribed = []
    for unique_id, node in nodes.items():
        if node["resource_type"] not in {"model", "seed", "source"}:
            continue
        if not node["description"] or not node["columns"]:
            undescribed.append(unique_id)
        undescribed += [f"{unique_id}.{name}" for name, column in node["columns"].items() if not column["description"]]
    assert undescribed == []
