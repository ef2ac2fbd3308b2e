"""Claims about commit and recovery: whatever the moment of death, a partition is old or new, and whole."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingestion import landing
from ingestion.lake import Lake
from ingestion.landing import commit, discard, is_intact, read_manifests, recover
from ingestion.staging import PartitionWriter, Provenance
from tests.unit.ingestion.lake_cases import (
    LETTERS,
    landed_rows,
    letters_batch,
    make_run,
    quarantined_rows,
    stage_letters,
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the code under test may catch it."""


def _kill_before(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Let `step` changes to the file system happen, die before the next; returns the list of those that happened."""
    done: list[str] = []

    def guarded(name: str, original: Any) -> Any:
        def change(*arguments: Any, **options: Any) -> Any:
            if len(done) == step:
                raise Killed
            done.append(name)
            return original(*arguments, **options)

        return change

    monkeypatch.setattr(Path, "replace", guarded("replace", Path.replace))
    monkeypatch.setattr(Path, "unlink", guarded("unlink", Path.unlink))
    monkeypatch.setattr(Path, "write_text", guarded("write_text", Path.write_text))
    monkeypatch.setattr(landing.shutil, "rmtree", guarded("rmtree", shutil.rmtree))
    return done


def _state(lake: Lake) -> tuple[list[str], list[str]]:
    return (
        [row["id"] for row in landed_rows(lake, "case", "letters")],
        [row["key"] for row in quarantined_rows(lake, "case", "letters")],
    )


@pytest.mark.parametrize("step", range(12))
@pytest.mark.parametrize("rejected_before", [None, {"x": "bad"}])
@pytest.mark.parametrize("rejected_after", [None, {"y": "bad"}])
def test_commit__killed_anywhere_leaves_old_or_new(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    rejected_before: dict[str, str] | None,
    rejected_after: dict[str, str] | None,
) -> None:
    lake = Lake(tmp_path)
    commit(lake, letters_batch(stage_letters(lake, "2026-11-01", ["a"], rejected_before)))
    staged = letters_batch(stage_letters(lake, "2026-11-01", ["b", "c"], rejected_after, run_id="run-2"))
    old, new = (["a"], list(rejected_before or {})), (["b", "c"], list(rejected_after or {}))

    with monkeypatch.context() as patch:
        done = _kill_before(patch, step)
        try:
            commit(lake, staged)
            committed = True
        except Killed:
            committed = False
    recover(lake)

    manifest = read_manifests(lake)[0]
    assert _state(lake) == (new if manifest.run_id == "run-2" else old)
    assert is_intact(lake, manifest)
    assert not list(lake.root.glob("raw_*/*/*/*.next"))
    assert not (lake.root / ".staging").exists()
    if committed:
        assert manifest.run_id == "run-2"
        assert len(done) <= step


def test_commit__every_kill_point_is_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(tmp_path)
    commit(lake, letters_batch(stage_letters(lake, "2026-11-01", ["a"], {"x": "bad"})))
    staged = letters_batch(stage_letters(lake, "2026-11-01", ["b"], {"y": "bad"}, run_id="run-2"))
    done = _kill_before(monkeypatch, step=1000)
    commit(lake, staged)
    assert 4 <= len(done) <= 12


@pytest.mark.parametrize("step", range(8))
def test_first_commit__killed_anywhere_leaves_nothing_or_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    lake = Lake(tmp_path)
    staged = letters_batch(stage_letters(lake, "2026-11-01", ["a"], {"x": "bad"}))
    with monkeypatch.context() as patch:
        _kill_before(patch, step)
        with contextlib.suppress(Killed):
            commit(lake, staged)
    recover(lake)
    manifests = read_manifests(lake)
    assert _state(lake) == ((["a"], ["x"]) if manifests else ([], []))
    assert all(is_intact(lake, manifest) for manifest in manifests)
    assert bool(manifests) == bool(list(lake.root.glob("raw_*/*/*/*")))


@pytest.mark.parametrize("step", range(12))
def test_commit_of_a_renamed_file__killed_anywhere_counts_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    lake = Lake(tmp_path)
    commit(lake, letters_batch(stage_letters(lake, "old.csv", ["a"])))
    staged = letters_batch(stage_letters(lake, "new.csv", ["a"], run_id="run-2", replaces=("old.csv",)))
    with monkeypatch.context() as patch:
        _kill_before(patch, step)
        with contextlib.suppress(Killed):
            commit(lake, staged)
    recover(lake)
    assert _state(lake) == (["a"], [])
    assert len(read_manifests(lake)) == 1


def test_recover__a_second_time_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(tmp_path)
    staged = letters_batch(stage_letters(lake, "2026-11-01", ["a"]))
    with monkeypatch.context() as patch:
        _kill_before(patch, 2)
        with pytest.raises(Killed):
            commit(lake, staged)
    assert len(recover(lake)) == 1
    assert recover(lake) == []


def test_discard__removes_what_was_staged_and_nothing_landed(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    commit(lake, letters_batch(stage_letters(lake, "2026-11-01", ["a"])))
    staged = stage_letters(lake, "2026-11-02", ["b"], run_id="run-2")
    discard(lake, "run-2")
    assert not staged.path.exists()
    assert _state(lake) == (["a"], [])


def test_is_intact__a_flipped_byte_is_found(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    manifest = commit(lake, letters_batch(stage_letters(lake, "2026-11-01", ["a"])))[0]
    path = next(lake.root.glob("raw_case/letters/*/data.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert not is_intact(lake, manifest)


def test_read_manifests__an_unreadable_one_counts_as_not_landed(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    commit(lake, letters_batch(stage_letters(lake, "2026-11-01", ["a"]), stage_letters(lake, "2026-11-02", ["b"])))
    next(lake.root.glob("raw_case/letters/day=2026-11-01/manifest.json")).write_text("{")
    assert [manifest.partition_value for manifest in read_manifests(lake)] == ["2026-11-02"]


def test_manifest__survives_its_own_json(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    staged = stage_letters(lake, "2026-11-01", ["a"], {"x": "bad", "z": "bad"})
    commit(lake, letters_batch(staged))
    manifest = read_manifests(lake)[0]
    assert manifest == staged.manifest
    assert (manifest.source_rows, manifest.landed_rows, manifest.quarantined_rows) == (3, 1, 2)
    assert manifest.quarantined_by_reason == {"bad": 2}


def test_staging__equal_rows_give_equal_bytes_however_they_arrive(tmp_path: Path) -> None:
    one, many = Lake(tmp_path / "one"), Lake(tmp_path / "many")
    ids = [f"id-{n}" for n in range(120_000)]
    whole = stage_letters(one, "2026-11-01", ids)
    with PartitionWriter(many, make_run(), LETTERS, "2026-11-01", Provenance("a test")) as writer:
        for start in range(0, len(ids), 7_001):
            writer.write(pa.table({"id": ids[start : start + 7_001]}, schema=LETTERS.schema))
        pieces = writer.finish()
    assert whole.manifest.files == pieces.manifest.files


def test_staging__a_failed_partition_leaves_nothing_behind(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(RuntimeError), PartitionWriter(lake, make_run(), LETTERS, "v", Provenance("a test")):
        raise RuntimeError
    assert not list(lake.root.rglob("*.parquet"))
