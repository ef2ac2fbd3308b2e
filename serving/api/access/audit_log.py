"""The file of the audit log: lines get into it without keeping an answer waiting.

Belongs here: writing, and saying when it cannot be done. Does not: what a line says (audit), how long the files stay
(retention).
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

_LOG = logging.getLogger(__name__)
# Lines that wait while the file cannot be written: some minutes of them. Of what comes after only the number is kept.
_LONGEST_QUEUE = 50_000
_BATCH = 1_000
_RETRY_SECONDS = 1.0

# The UTC day that decides the file, and the line itself.
Line = tuple[str, str]


class AuditLog:
    """Appends to `api-YYYY-MM-DD.jsonl` in `folder`, mode 0600, from a thread of its own. clock: gives UTC instants."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._clock = clock
        self._waiting: queue.Queue[Line | None] = queue.Queue(_LONGEST_QUEUE)
        self._lost = 0
        self._counting = threading.Lock()
        self._failure: str | None = None
        self._closing = threading.Event()
        # Once here and now, so that a folder which cannot be written is known before the first answer.
        today = clock().date().isoformat()
        self._append([(today, "\n" if _is_cut_short(self._path(today)) else "")])
        self._thread = threading.Thread(target=self._write_forever, name="audit-log", daemon=True)
        self._thread.start()

    def write(self, at: datetime, entry: Mapping[str, object]) -> None:
        """Hand a line over; returns at once. at: a UTC instant."""
        line = json.dumps({"at": at.isoformat(timespec="milliseconds"), **entry})
        try:
            self._waiting.put_nowait((at.date().isoformat(), line + "\n"))
        except queue.Full:
            with self._counting:
                self._lost += 1

    def problem(self) -> str | None:
        """Why lines cannot be written or are being lost, or None."""
        return self._failure or (
            "lines of the audit log are being lost: it is written too slowly" if self._lost else None
        )

    def close(self) -> None:
        """Write what is waiting and end the thread; what cannot be written now is lost, and said so in the log."""
        self._closing.set()
        # Wakes the thread; where the queue is full it is awake.
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join()
        if self._failure is not None:
            _LOG.error("the audit log ends with lines unwritten: %s", self._failure)

    def _write_forever(self) -> None:
        while self._write(self._take()) and self._write(self._confession()):
            if self._closing.is_set() and self._waiting.empty():
                return

    def _write(self, lines: Sequence[Line]) -> bool:
        """Append the lines, however long that takes; False where the log is closed before."""
        while lines := self._append(lines):
            if self._closing.wait(_RETRY_SECONDS):
                return False
        return True

    def _confession(self) -> list[Line]:
        """A line that says how many were lost, if any were: a gap must not look like peace."""
        with self._counting:
            lost, self._lost = self._lost, 0
        if not lost:
            return []
        now = self._clock()
        line = json.dumps({"at": now.isoformat(timespec="milliseconds"), "lost": lost})
        return [(now.date().isoformat(), line + "\n")]

    def _take(self) -> list[Line]:
        """The next lines, waiting for the first; None among them only wakes the thread."""
        taken = [self._waiting.get()]
        while len(taken) < _BATCH:
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return [line for line in taken if line is not None]

    def _append(self, lines: Sequence[Line]) -> list[Line]:
        """Append the lines to the files of their days; returns what could not be written.

        Of the first of those only the rest: a full disk takes a part, and what it took must be there once.
        """
        unwritten = {day: "".join(line for of_day, line in lines if of_day == day) for day in sorted(dict(lines))}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for day in list(unwritten):
                descriptor = os.open(self._path(day), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    # ASCII, as json.dumps writes it: a letter is a byte.
                    while unwritten[day]:
                        unwritten[day] = unwritten[day][os.write(descriptor, unwritten[day].encode("ascii")) :]
                finally:
                    os.close(descriptor)
                del unwritten[day]
        except OSError as error:
            if self._failure is None:
                _LOG.error("the audit log cannot be written: %s", error)
            self._failure = f"the audit log cannot be written: {error}"
        else:
            self._failure = None
        return list(unwritten.items())

    def _path(self, day: str) -> Path:
        return self._folder / f"api-{day}.jsonl"


def _is_cut_short(path: Path) -> bool:
    """Whether a process that was killed, or found the disk full, left a part of a line at the file's end."""
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"
    except OSError:
        # There is no file yet, or it is empty.
        return False
