"""Claims about how much of the lake a night hashes: what was touched at once, all else within four weeks."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion.contract import StagedBatch
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.manifest import Manifest
from ingestion.sources.app.contract import EVENTS
from ingestion.sources.app.damage import SCRUBBED_WITHIN_DAYS, damaged_days
from ingestion.staging import PartitionWriter, Provenance
from tests.unit.ingestion.lake_cases import make_run

DAY = date(2026, 11, 4)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """One landed day of events."""
    lake = Lake(tmp_path)
    with PartitionWriter(lake, make_run(), EVENTS, DAY.isoformat(), Provenance("a test")) as writer:
        writer.write(pa.Table.from_pylist([{"id": "e1"}], schema=EVENTS.schema))
        commit(lake, StagedBatch("app", (writer.finish(),)))
    return lake


def _landed(lake: Lake) -> list[Manifest]:
    return read_manifests(lake, "app", "events")


def _data(lake: Lake) -> Path:
    return lake.partition("app", "events", "received_date", DAY.isoformat()) / "data.parquet"


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_untouched_day__is_never_found_damaged(lake: Lake) -> None:
    nights = [DAY + timedelta(days=n) for n in range(SCRUBBED_WITHIN_DAYS)]
    assert [night for night in nights if damaged_days(lake, _landed(lake), night)] == []


def test_rewritten_file__is_found_the_same_night(lake: Lake) -> None:
    _flip_a_byte(_data(lake))
    assert damaged_days(lake, _landed(lake), DAY + timedelta(days=1)) == {DAY.isoformat()}


@pytest.mark.parametrize("name", ["data.parquet", "manifest.json"])
def test_missing_file__is_found_the_same_night(lake: Lake, name: str) -> None:
    landed = _landed(lake)
    (_data(lake).parent / name).rename(_data(lake).parent / "elsewhere")
    found = damaged_days(lake, landed, DAY + timedelta(days=1))
    assert found == ({DAY.isoformat()} if name == "data.parquet" else set())


def test_rot_that_leaves_no_trace__is_found_by_checksum_within_four_weeks(lake: Lake) -> None:
    before = _data(lake).stat()
    _flip_a_byte(_data(lake))
    os.utime(_data(lake), ns=(before.st_atime_ns, before.st_mtime_ns))
    nights = [DAY + timedelta(days=n) for n in range(1, SCRUBBED_WITHIN_DAYS + 1)]
    assert [night for night in nights if damaged_days(lake, _landed(lake), night)] == [nights[-1]]


def test_restored_copy_with_new_times__is_hashed_and_found_whole(lake: Lake) -> None:
    later = _data(lake).stat().st_mtime_ns + 10**12
    os.utime(_data(lake), ns=(later, later))
    assert damaged_days(lake, _landed(lake), DAY + timedelta(days=1)) == set()
