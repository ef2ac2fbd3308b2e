"""Fixtures of the ingestion's unit tests: a lake, and a folder of files before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"
