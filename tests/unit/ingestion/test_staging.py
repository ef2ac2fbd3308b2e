"""What is staged is what the disk gives back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion import staging
from ingestion.contract import RunContext, TableContract
from ingestion.lake import Lake, file_sha256
from ingestion.staging import PartitionWriter, Provenance

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
TABLE = TableContract("app", "things", "read_date", pa.schema([("id", pa.string())]), ("id",), "test")


def writer_in(folder: Path) -> PartitionWriter:
    run = RunContext("run", NOW, lambda: NOW, lambda message: None)
    return PartitionWriter(Lake(folder), run, TABLE, "2026-11-20", Provenance("test"))


def test_finish__stamps_the_bytes_on_the_disk(tmp_path: Path) -> None:
    with writer_in(tmp_path) as writer:
        writer.write(pa.table({"id": ["a", "b"]}, schema=TABLE.schema))
        staged = writer.finish()
    (stamp,) = staged.manifest.files.values()
    assert (stamp.sha256, stamp.bytes) == (file_sha256(staged.path), staged.path.stat().st_size)
    assert staged.landed_rows == 2


def test_finish__refuses_a_disk_that_gives_back_other_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flush_badly(path: Path) -> None:
        damaged = bytearray(path.read_bytes())
        damaged[10] ^= 1
        path.write_bytes(damaged)

    monkeypatch.setattr(staging, "sync", flush_badly)
    with writer_in(tmp_path) as writer:
        writer.write(pa.table({"id": ["a", "b"]}, schema=TABLE.schema))
        with pytest.raises(OSError, match="other bytes; check the disk"):
            writer.finish()
