"""The verdict of gate 2 belongs to one file: nothing else may be published on it."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.failures import RunFailedError
from orchestration.lib.audit import Audit, remember_audit, require_audit, withdraw_audit
from orchestration.lib.paths import DataLayout

AUDIT = Audit(run_instant=datetime(2026, 11, 22, 2, tzinfo=UTC), as_of_date=date(2026, 11, 21))


@pytest.fixture
def audited(tmp_path: Path) -> DataLayout:
    layout = DataLayout(tmp_path)
    layout.warehouse.parent.mkdir()
    layout.warehouse.write_bytes(b"as it was audited")
    remember_audit(layout, AUDIT)
    return layout


def test_audit__is_found_again_on_the_same_file(audited: DataLayout) -> None:
    assert require_audit(audited) == AUDIT


def test_audit__does_not_cover_a_file_that_changed(audited: DataLayout) -> None:
    found = audited.warehouse.stat()
    audited.warehouse.write_bytes(b"as it was tampered")
    os.utime(audited.warehouse, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    with pytest.raises(RunFailedError, match="gate 2"):
        require_audit(audited)


def test_audit__is_gone_once_a_build_begins(audited: DataLayout) -> None:
    withdraw_audit(audited)
    with pytest.raises(RunFailedError, match="run the whole nightly job"):
        require_audit(audited)


def test_audit__is_missing_without_a_warehouse(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError):
        require_audit(DataLayout(tmp_path))
