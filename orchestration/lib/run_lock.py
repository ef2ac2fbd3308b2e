"""One run at a time in a data directory, wherever it was started from.

An operating-system lock (`flock`), not a file that exists: the kernel gives it back when its holder dies, however it
dies, so there is no such thing as a stale lock. The file's content only tells people who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from orchestration.failures import RunLockedError


@dataclass(frozen=True)
class LockHolder:
    """Who holds the lock: process id, start (ISO 8601, UTC) and command line without its directory."""

    pid: int
    started_at: str
    command: str

    def __str__(self) -> str:
        return f"{self.command} (pid {self.pid}, since {self.started_at})"


@dataclass(frozen=True)
class UnnamedHolder:
    """A holder that has not said who it is: a run in its first moments, or another program, such as a backup."""

    def __str__(self) -> str:
        return "a run that is just starting, or another program that holds the lock, such as a backup under flock"


@contextmanager
def hold_run_lock(path: Path, started_at: datetime, argv: Sequence[str]) -> Iterator[None]:
    """Hold the lock for the duration of the block.

    Raises:
        RunLockedError: another process holds it; the message names its pid, start and command.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLockedError(
                f"{path} is held by {_read(lock_file)}. Wait for it to end, or stop it, and start again."
            ) from None
        command = shlex.join([Path(argv[0]).name, *argv[1:]])
        _write(
            lock_file, json.dumps(asdict(LockHolder(os.getpid(), started_at.isoformat(timespec="seconds"), command)))
        )
        try:
            yield
        finally:
            # Emptied before it is let go, so that nobody reads the name of a holder that is gone.
            _write(lock_file, "")


def lock_holder(path: Path) -> LockHolder | UnnamedHolder | None:
    """Who is running now, or None. Looks without disturbing a run that is just starting."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(lock_file)
    return None


def _write(lock_file: TextIO, content: str) -> None:
    lock_file.seek(0)
    lock_file.truncate()
    lock_file.write(content)
    lock_file.flush()


def _read(lock_file: TextIO) -> LockHolder | UnnamedHolder:
    lock_file.seek(0)
    try:
        return LockHolder(**json.loads(lock_file.read()))
    except (ValueError, TypeError):
        return UnnamedHolder()
