"""Fixtures of the warehouse's tests: one parsed dbt project over one lake folder, which each test fills anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.lake import Lake
from tests.integration.warehouse.dbt_warehouse import DbtWarehouse
from tests.integration.warehouse.event_lake import EventLake


@pytest.fixture(scope="session")
def lake_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the lake lies; the same folder all session, for dbt's parse holds its name."""
    return tmp_path_factory.mktemp("lake-of-events")


@pytest.fixture(scope="session")
def dbt_warehouse(lake_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> DbtWarehouse:
    """dbt, parsed once."""
    EventLake(Lake(lake_folder)).clear()
    return DbtWarehouse(lake_folder, tmp_path_factory.mktemp("dbt"))


@pytest.fixture
def lake(lake_folder: Path) -> EventLake:
    """An empty lake."""
    lake = EventLake(Lake(lake_folder))
    lake.clear()
    return lake
