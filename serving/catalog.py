"""The catalog: what the published columns mean, out of dbt's manifest.

Belongs here: reading definitions of marts and of their metrics. Does not belong here: dbt itself (a manifest is a
dict), rendering. A definition is written once, beside its mart; API, dashboards and reports read this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SCHEMA = "marts"
# The folders of the marts that say whose numbers they hold; what lies elsewhere says it itself.
DOMAINS = ("product", "acquisition", "finance")
# Of `meta.metric`.
METRIC_FIELDS = (
    "name",
    "label",
    "unit",
    "said_as",
    "formula",
    "numerator",
    "denominator",
    "owner",
    "additive",
    "better",
)


def definitions_from_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Definitions of every model in schema `marts`.

    manifest: dbt's `manifest.json`, parsed. Returns JSON values:
    `{"models": {name: {"description", "key": [column, …], "cohorts": [rule, …], "columns": {name: {"description",
    "data_type", "domains", "metric"}}}}}`; `metric` is None or has name, label, unit, formula, owner, additive and
    better, each None while nobody has written it. A name is written where `kpi_daily` calls the metric otherwise than
    its column; numerator and denominator (columns of the same model) where a ratio over several rows is the ratio of
    their sums; said_as is `multiple` for a ratio that people say as "three times", not as 300 %. Columns keep the order
    of their YAML. `domains`: who may ask for the column, any of them; the mart's folder unless `meta.domains` of the
    column or the model says otherwise, none where nobody has. `cohorts`: `meta.cohorts` of the model as written, how
    many accounts or agents stand behind its numbers.
    """
    nodes: Mapping[str, Mapping[str, Any]] = manifest["nodes"]
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    models = {
        node["name"]: _model(unique_id, node, tests)
        for unique_id, node in sorted(nodes.items())
        if node["resource_type"] in {"model", "seed"} and node["schema"] == SCHEMA
    }
    return {"models": models}


def named_metrics(definitions: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Model, column, the metric's name and the column's definition, for every column that is a metric, by model."""
    for model, described in sorted(definitions.get("models", {}).items()):
        for column, definition in described["columns"].items():
            if definition["metric"] is not None:
                yield model, column, definition["metric"].get("name") or column, definition


def metric_labels(definitions: Mapping[str, Any]) -> dict[str, str]:
    """Label by metric name, for every column that is a metric and has one; of namesakes the first model's wins."""
    labels: dict[str, str] = {}
    for _, _, name, column in named_metrics(definitions):
        if column["metric"].get("label"):
            labels.setdefault(name, column["metric"]["label"])
    return labels


def multiples(definitions: Mapping[str, Any]) -> frozenset[str]:
    """Names of the metrics that are said as multiples ("three times"), in whatever model."""
    return frozenset(
        name for _, _, name, column in named_metrics(definitions) if column["metric"].get("said_as") == "multiple"
    )


def metric_domains(definitions: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Domains by metric name: those of every column that is the metric, in whatever model."""
    domains: dict[str, frozenset[str]] = {}
    for _, _, name, column in named_metrics(definitions):
        domains[name] = domains.get(name, frozenset()) | frozenset(column.get("domains", ()))
    return domains


def _model(unique_id: str, node: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    meta = _meta(node)
    domains = meta.get("domains", [folder for folder in node["fqn"] if folder in DOMAINS])
    return {
        "description": node["description"],
        "key": _key(unique_id, node, tests),
        "cohorts": meta.get("cohorts", []),
        "columns": {
            name: {
                "description": column["description"],
                "data_type": column["data_type"],
                "domains": _meta(column).get("domains", domains),
                "metric": _metric(column),
            }
            for name, column in node["columns"].items()
        },
    }


def _metric(column: Mapping[str, Any]) -> dict[str, Any] | None:
    metric = _meta(column).get("metric")
    return None if metric is None else {field: metric.get(field) for field in METRIC_FIELDS}


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    # dbt 1.10 moved `meta` below `config`; the manifest still fills both places for those who wrote it the old way.
    return {**node.get("meta", {}), **node.get("config", {}).get("meta", {})}


def _key(unique_id: str, node: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns that a test proves to be unique: together, else the first that is so alone."""
    alone: list[str] = []
    for test in tests:
        metadata = test.get("test_metadata") or {}
        if test.get("attached_node") != unique_id:
            continue
        if metadata.get("name") == "unique_together":
            return list(metadata["kwargs"]["columns"])
        if metadata.get("name") == "unique":
            alone.append(metadata["kwargs"]["column_name"])
    in_order = [name for name in node["columns"] if name in alone]
    return in_order[:1]
