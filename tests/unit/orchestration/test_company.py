"""Whose numbers a run works on: the sample company and real sources never meet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.failures import ConfigurationError
from orchestration.lib.company import check_company
from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings

CONFIGURED = {
    "NETVEXA_APP_DSN": "postgresql://reader@db/netvexa",
    "STRIPE_API_KEY": "rk_test_key",
    "NETVEXA_PSEUDONYM_KEY": "k1:secret",
}


def sample_settings(folder: Path) -> Settings:
    return Settings(_env_file=None, NETVEXA_DATA_DIR=folder).for_sample_company()


def configured_settings(folder: Path) -> Settings:
    return Settings(
        _env_file=None, NETVEXA_DATA_DIR=folder, NETVEXA_SPEND_DIR=folder, NETVEXA_RATES_DIR=folder, **CONFIGURED
    )


def lake_of(folder: Path, company: str) -> DataLayout:
    layout = DataLayout(folder)
    layout.lake.mkdir()
    layout.company_marker.write_text(json.dumps({"company": company}))
    return layout


def test_company__sample_is_refused_beside_real_numbers(tmp_path: Path) -> None:
    layout = lake_of(tmp_path, "configured sources")
    with pytest.raises(ConfigurationError, match="NETVEXA_DATA_DIR"):
        check_company(sample_settings(tmp_path), layout)


def test_company__real_numbers_are_refused_beside_the_sample(tmp_path: Path) -> None:
    layout = lake_of(tmp_path, "sample company")
    with pytest.raises(ConfigurationError, match="sample company"):
        check_company(configured_settings(tmp_path), layout)


def test_company__goes_on_in_its_own_lake(tmp_path: Path) -> None:
    check_company(configured_settings(tmp_path), lake_of(tmp_path, "configured sources"))


def test_company__an_empty_data_directory_takes_either(tmp_path: Path) -> None:
    check_company(sample_settings(tmp_path), DataLayout(tmp_path))
    check_company(configured_settings(tmp_path), DataLayout(tmp_path))


def test_company__a_marker_whose_lake_was_deleted_binds_nobody(tmp_path: Path) -> None:
    layout = lake_of(tmp_path, "sample company")
    layout.lake.rmdir()
    check_company(configured_settings(tmp_path), layout)
