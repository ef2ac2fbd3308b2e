"""The file of the audit log: every line of every day, and what happens when it cannot be written."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.api.access import audit_log
from serving.api.access.audit_log import AuditLog

LATE = datetime(2026, 11, 22, 23, 59, 59, 999000, tzinfo=UTC)


def late() -> datetime:
    return LATE


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_lines__stand_in_the_file_of_their_utc_day_in_order(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit", late)
    for number in range(3000):
        log.write(LATE + timedelta(milliseconds=number % 2), {"number": number})
    log.close()
    evening, morning = (lines(tmp_path / "audit" / f"api-2026-11-{day}.jsonl") for day in (22, 23))
    assert [line["number"] for line in evening] == list(range(0, 3000, 2))
    assert [line["number"] for line in morning] == list(range(1, 3000, 2))
    assert evening[0]["at"] == "2026-11-22T23:59:59.999+00:00"


def test_lines__are_appended_to_what_another_process_wrote(tmp_path: Path) -> None:
    for number in range(2):
        log = AuditLog(tmp_path, late)
        log.write(LATE, {"number": number})
        log.close()
    assert [line["number"] for line in lines(tmp_path / "api-2026-11-22.jsonl")] == [0, 1]
    assert (tmp_path / "api-2026-11-22.jsonl").stat().st_mode & 0o777 == 0o600


def test_line__stays_one_line_whatever_it_holds(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, late)
    log.write(LATE, {"who": "a\nb\u2028c\x00"})
    log.close()
    assert [line["who"] for line in lines(tmp_path / "api-2026-11-22.jsonl")] == ["a\nb\u2028c\x00"]


# A process whose files may not grow beyond some bytes, which is what a full disk is like: part of a batch is written.
FULL_DISK = """
import pathlib, resource, sys, time
from datetime import UTC, datetime
from serving.api.access.audit_log import AuditLog

def allow(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

DAY = datetime(2026, 11, 22, tzinfo=UTC)
log = AuditLog(pathlib.Path(sys.argv[1]), lambda: DAY)
allow(1000)
for number in range(100):
    log.write(DAY, {"number": number})
while log.problem() is None:
    time.sleep(0.01)
if sys.argv[2] == "is freed":
    allow(resource.RLIM_INFINITY)
    while log.problem() is not None:
        time.sleep(0.01)
log.close()
"""


def fill_the_disk(folder: Path, then: str) -> None:
    subprocess.run([sys.executable, "-c", FULL_DISK, folder, then], check=True, timeout=60)


def test_lines__are_each_there_once_and_whole_when_the_disk_was_full_amid_them(tmp_path: Path) -> None:
    fill_the_disk(tmp_path, "is freed")
    assert [line["number"] for line in lines(tmp_path / "api-2026-11-22.jsonl")] == list(range(100))


def test_line__cut_short_when_the_process_ended_does_not_spoil_the_next_ones(tmp_path: Path) -> None:
    fill_the_disk(tmp_path, "stays full")
    log = AuditLog(tmp_path, late)
    log.write(LATE, {"number": "next"})
    log.close()
    *_, torn, last = (tmp_path / "api-2026-11-22.jsonl").read_text().splitlines()
    with pytest.raises(json.JSONDecodeError):
        json.loads(torn)
    assert json.loads(last)["number"] == "next"


def test_folder_that_cannot_be_written__is_a_problem_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    log = AuditLog(tmp_path / "audit", late)
    assert "cannot be written" in (log.problem() or "")
    log.close()


def test_lines__wait_until_the_file_can_be_written_and_the_problem_ends(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    folder.write_text("a file where the folder should be")
    log = AuditLog(folder, late)
    log.write(LATE, {"number": 1})
    assert log.problem() is not None
    folder.unlink()
    wait_until(lambda: log.problem() is None)
    log.close()
    assert [line["number"] for line in lines(folder / "api-2026-11-22.jsonl")] == [1]


def test_writing__returns_at_once_and_what_is_lost_is_written_down_as_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "_LONGEST_QUEUE", 2)
    monkeypatch.setattr(audit_log, "_BATCH", 1)
    folder = tmp_path / "audit"
    folder.write_text("a file where the folder should be")
    log = AuditLog(folder, late)
    began = time.monotonic()
    for number in range(10):
        log.write(LATE, {"number": number})
    assert time.monotonic() - began < 0.5
    assert log.problem() is not None
    folder.unlink()
    wait_until(lambda: log.problem() is None)
    log.close()
    written = [line for path in sorted(folder.iterdir()) for line in lines(path)]
    kept = [line["number"] for line in written if "number" in line]
    lost = sum(int(str(line["lost"])) for line in written if "lost" in line)
    assert kept == sorted(kept)
    assert len(kept) + lost == 10
    assert lost > 0


def test_closing__ends_though_nothing_can_be_written_and_the_queue_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit_log, "_LONGEST_QUEUE", 2)
    (tmp_path / "audit").write_text("a file where the folder should be")
    log = AuditLog(tmp_path / "audit", late)
    for number in range(10):
        log.write(LATE, {"number": number})
    closing = threading.Thread(target=log.close)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
    assert "lines unwritten" in caplog.text
