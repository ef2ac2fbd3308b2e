"""What a killed run may leave behind in the warehouse and in the folder of runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout
from orchestration.lib.recovery import discard_unreadable_warehouse, prune_runs, recover
from tests.unit.orchestration.conftest import RecordedProgress


def make_warehouse(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table kept as select 1 as one")


def test_recover__a_whole_warehouse_is_left_alone(tmp_path: Path, progress: RecordedProgress) -> None:
    layout = DataLayout(tmp_path)
    layout.warehouse.parent.mkdir()
    make_warehouse(layout.warehouse)
    recover(layout, progress)
    with duckdb.connect(str(layout.warehouse), read_only=True) as connection:
        assert connection.execute("select one from kept").fetchall() == [(1,)]
    assert progress.warnings == []


def test_recover__an_unreadable_warehouse_is_deleted_with_its_log(tmp_path: Path, progress: RecordedProgress) -> None:
    layout = DataLayout(tmp_path)
    layout.warehouse.parent.mkdir()
    layout.warehouse.write_bytes(b"torn" * 5000)
    log = layout.warehouse.with_name("netvexa.duckdb.wal")
    log.write_bytes(b"torn")
    recover(layout, progress)
    assert not layout.warehouse.exists()
    assert not log.exists()
    assert "built anew from the lake" in progress.warnings[0]


def test_recover__a_log_without_its_warehouse_is_deleted(tmp_path: Path, progress: RecordedProgress) -> None:
    warehouse = tmp_path / "netvexa.duckdb"
    log = tmp_path / "netvexa.duckdb.wal"
    log.write_bytes(b"of a file that is gone")
    discard_unreadable_warehouse(warehouse, progress)
    assert not log.exists()


def test_recover__a_warehouse_that_someone_reads_is_not_deleted(tmp_path: Path, progress: RecordedProgress) -> None:
    warehouse = tmp_path / "netvexa.duckdb"
    make_warehouse(warehouse)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        with pytest.raises(RunFailedError, match="another process"):
            discard_unreadable_warehouse(warehouse, progress)
        reader.communicate("")
    assert warehouse.exists()


def test_prune_runs__keeps_the_newest(tmp_path: Path) -> None:
    for day in range(1, 6):
        (tmp_path / f"2026110{day}T020000Z-abcdef01").mkdir()
    prune_runs(tmp_path, keep=2)
    assert sorted(folder.name[:8] for folder in tmp_path.iterdir()) == ["20261104", "20261105"]
