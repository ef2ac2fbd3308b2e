"""The dbt project's own definitions, and the files as they stand."""

from __future__ import annotations

import pytest

from orchestration.lib.dbt_build import parse_project
from orchestration.settings import load_settings
from serving.catalog import definitions_from_manifest
from superset_dashboards.assets import Assets, read_assets
from superset_dashboards.datasets import Definitions
from superset_dashboards.native import Targets


@pytest.fixture(scope="session")
def manifest() -> dict[str, object]:
    return parse_project(load_settings()).document


@pytest.fixture(scope="session")
def definitions(manifest: dict[str, object]) -> Definitions:
    return definitions_from_manifest(manifest)


@pytest.fixture(scope="session")
def assets() -> Assets:
    return read_assets()


@pytest.fixture(scope="session")
def targets() -> Targets:
    names = ("ttfv_median_hours", "activation_ratio", "conversations_per_active_agent", "quality_score")
    return {name: (">=", "0.20") for name in (*names, "response_accuracy_ratio", "quick_ratio")}
