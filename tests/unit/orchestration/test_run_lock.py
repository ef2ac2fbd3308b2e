"""The run lock, held by real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.failures import RunLockedError
from orchestration.lib.run_lock import LockHolder, hold_run_lock, lock_holder

STARTED = datetime(2026, 11, 22, 2, tzinfo=UTC)

HOLD = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from orchestration.lib.run_lock import hold_run_lock
with hold_run_lock(Path(sys.argv[1]), datetime(2026, 11, 22, 2, tzinfo=UTC), ["/usr/bin/netvexa", "nightly"]):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process_holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_run_lock__a_second_run_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with another_process_holding(path) as holder:
        with pytest.raises(RunLockedError) as refusal, hold_run_lock(path, STARTED, ["netvexa", "demo"]):
            pytest.fail("two runs at once")
        assert refusal.value.exit_code == 3
        message = str(refusal.value)
        assert f"pid {holder.pid}" in message
        assert "2026-11-22T02:00:00+00:00" in message
        assert "netvexa nightly" in message
        assert "\n" not in message


def test_run_lock__a_killed_run_leaves_no_stale_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with another_process_holding(path) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert path.read_text() != ""
        assert lock_holder(path) is None
        with hold_run_lock(path, STARTED, ["netvexa", "demo"]):
            assert json.loads(path.read_text())["pid"] == os.getpid()


def test_run_lock__a_refused_run_leaves_the_holders_name(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with another_process_holding(path) as holder:
        with pytest.raises(RunLockedError), hold_run_lock(path, STARTED, ["netvexa"]):
            pytest.fail("two runs at once")
        found = lock_holder(path)
        assert isinstance(found, LockHolder)
        assert found.pid == holder.pid
        assert str(found) == f"netvexa nightly (pid {holder.pid}, since 2026-11-22T02:00:00+00:00)"


def test_run_lock__is_free_again_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with pytest.raises(ZeroDivisionError), hold_run_lock(path, STARTED, ["netvexa"]):
        raise ZeroDivisionError
    assert lock_holder(path) is None
    assert path.read_text() == ""


def test_lock_holder__another_program_under_flock_is_seen_and_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with subprocess.Popen(["flock", path, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as backup:
        assert backup.stdin is not None
        assert backup.stdout is not None
        backup.stdin.write("held\n")
        backup.stdin.flush()
        assert backup.stdout.readline() == "held\n"
        assert "backup" in str(lock_holder(path))
        with pytest.raises(RunLockedError, match="backup"), hold_run_lock(path, STARTED, ["netvexa"]):
            pytest.fail("a run beside a backup")
        backup.communicate("")
    assert lock_holder(path) is None


def test_lock_holder__of_a_directory_never_run_is_nobody(tmp_path: Path) -> None:
    assert lock_holder(tmp_path / "run.lock") is None
