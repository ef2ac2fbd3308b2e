"""Every column that is published has a truth of its own, or stands on a short list with the reason.

Belongs here: which columns and claims are compared. Does not: comparing them (test_ledger, test_month_by_month).
"""

from __future__ import annotations

import json

from serving.catalog import definitions_from_manifest
from tests.e2e.conftest import Night
from tests.e2e.steps import read_rows
from tests.e2e.truth.company import ROWS, UNTOLD, CompanyTruth
from tests.e2e.truth.integrity import UNTOLD_CLAIMS, Comparison


def test_columns_with_a_truth__are_those_of_the_manifest(embedded_night: Night) -> None:
    manifest = json.loads((embedded_night.layout.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    models = definitions_from_manifest(manifest)["models"]
    told = {(mart, column) for mart, row in ROWS.items() for column in row._fields}
    assert not told & UNTOLD.keys()
    assert told | UNTOLD.keys() == {(mart, column) for mart, model in models.items() for column in model["columns"]}


def test_claims_with_a_truth__are_those_of_the_report(truth: CompanyTruth, embedded_night: Night) -> None:
    names = read_rows(embedded_night.version.warehouse, "select distinct name from marts.integrity_report")
    told = {row.name for row in truth.rows["integrity_report"] if isinstance(row, Comparison)}
    assert not told & UNTOLD_CLAIMS.keys()
    assert told | UNTOLD_CLAIMS.keys() == {name for (name,) in names}
