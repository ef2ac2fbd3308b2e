"""A publication killed between any two of its steps: the last version is served whole, and the next run heals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from serving.version import Version
from serving.versions import current, versions
from tests.integration.serving.conftest import write_warehouse

Publish = Callable[..., Version]
STEPS = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "shutil.rmtree", "open"}


class KilledError(BaseException):
    """Not an Exception: no handler of the code under test may swallow it."""


class Interruption:
    """Raises at the n-th touch of the published folder, as Python's own audit events tell of it."""

    def __init__(self) -> None:
        self.root: str | None = None
        self.left = 0
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.root is None or event not in STEPS or not any(self.root in str(part) for part in arguments):
            return
        if self.left == 0:
            self.root = None
            raise KilledError(event)
        self.left -= 1

    @contextmanager
    def at(self, root: Path, step: int) -> Iterator[None]:
        self.root, self.left = str(root), step
        try:
            yield
        finally:
            self.root = None


# An audit hook stays for the life of the process, so there is one.
INTERRUPTION = Interruption()


def sum_of(root: Path) -> object:
    with duckdb.connect(str(root / "current" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("select sum(mrr_eur) from marts.mrr_daily").fetchone()


def test_publish__killed_at_any_step_serves_the_old_version_or_the_new_one_whole(
    publish_at: Publish, root: Path, warehouse: Path
) -> None:
    write_warehouse(warehouse, mrr=100)
    publish_at(0)
    served, step, flips = sum_of(root), 0, 0
    while True:
        write_warehouse(warehouse, mrr=200 + step)
        try:
            with INTERRUPTION.at(root, step):
                publish_at(step + 1, keep=2)
            break
        except KilledError:
            pass
        version = current(root)
        assert version is not None
        assert {table.name: table.rows for table in version.tables} == {"latest": 1, "mrr_daily": 21}
        now = sum_of(root)
        flips += now != served
        served = now
        # Whatever else is listed as a version is whole, too.
        for other in versions(root):
            with duckdb.connect(str(other.warehouse), read_only=True) as connection:
                assert connection.execute("select count(*) from marts.mrr_daily").fetchone() == (21,)
        step += 1
    assert step > 12
    assert flips > 0
    assert not list(root.glob(".tmp-*"))
    assert len(versions(root)) == 2


@pytest.mark.parametrize("event", ["shutil.rmtree", "os.symlink", "os.rename"])
def test_publish__a_real_kill_leaves_nothing_that_the_next_run_cannot_clear(
    publish_at: Publish, root: Path, warehouse: Path, event: str
) -> None:
    first = publish_at(0)
    script = f"""
import os, signal, sys
from datetime import date, datetime
from pathlib import Path
from serving.publish import publish

def kill(event, arguments):
    if event == {event!r} and any({str(root)!r} in str(part) for part in arguments):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
instant = datetime.fromisoformat("2026-11-22T03:00:00+00:00")
publish(Path({str(warehouse)!r}), Path({str(root)!r}), run_id="killed", run_instant=instant,
        as_of_date=date(2026, 11, 21), definitions={{}}, published_at=instant, keep=1)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    )
    assert done.returncode == -signal.SIGKILL
    served = current(root)
    assert served is not None
    assert served.run_id == ("killed" if event == "shutil.rmtree" else first.run_id)
    healed = publish_at(120)
    assert current(root) == healed
    assert healed.sha256 == first.sha256
    assert not list(root.glob(".tmp-*"))
