"""The catalog as rows: each published column, what it means, and how it can be asked for.

Belongs here: flattening a version's definitions. Does not: the definitions (serving.catalog), a role's visibility.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from serving.api.access.visibility import Visibility
from serving.api.engine import OpenVersion
from serving.api.metric_query import metric_of
from serving.api.problems import MEANINGS, Problem
from serving.api.rows import Definition
from serving.api.tables import PageOfRows
from serving.catalog import METRIC_FIELDS

_BOOLEANS = {"is_key", "additive"}
_SCHEMA = pa.schema([(name, pa.bool_() if name in _BOOLEANS else pa.string()) for name in Definition.columns()])


def catalog_page(
    version: OpenVersion, visibility: Visibility, limit: int, after: Sequence[str | None] | None
) -> PageOfRows:
    """Definitions the caller may see, by mart and then as the mart has its columns. Raises Problem 410."""
    names = [
        (model, column)
        for model in sorted(version.tables)
        for column in version.tables[model]
        if not visibility.hides(model, column)
    ]
    start = 0
    if after is not None:
        if tuple(after) not in names:
            raise Problem(410, MEANINGS[410])
        start = names.index((after[0], after[1])) + 1  # type: ignore[arg-type]
    page = names[start : start + limit]
    rows = pa.Table.from_pylist([_definition(version, visibility, *name) for name in page], _SCHEMA)
    return PageOfRows(rows, page[-1] if start + limit < len(names) else None)


def _definition(version: OpenVersion, visibility: Visibility, model: str, column: str) -> dict[str, object]:
    described = version.definitions["models"].get(model, {})
    of_column = described.get("columns", {}).get(column, {})
    metric = of_column.get("metric") or {}
    asked = metric_of(version, visibility, model, column)
    return {
        "definition": f"{model}.{column}",
        "model": model,
        "column": column,
        "model_description": described.get("description", ""),
        "description": of_column.get("description", ""),
        "data_type": version.tables[model][column].lower(),
        "is_key": column in described.get("key", ()),
        **{name: metric.get(name) for name in METRIC_FIELDS if name in Definition.model_fields},
        "grains": None if asked is None else " ".join(asked.grains),
        "dimensions": None if asked is None else " ".join(asked.dimensions),
    }
