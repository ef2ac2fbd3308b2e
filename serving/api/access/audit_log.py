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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_LOG = logging.getLogger(__name__)
# Lines that wait while the file cannot be written: some minutes of them. Of what comes after only the number is kept.
_LONGEST_QUEUE = 50_000
_BATCH = 1_000
_RETRY_SECONDS = 1.0

# The UTC day that decides the file, and the line itself.
Line = tuple[str, str]


class AuditLog:
    """Appends to `api-YYYY-MM-DD.jsonl` in `folder`, mode 0600, from a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: queue.Queue[Line | None] = queue.Queue(_LONGEST_QUEUE)
        self._lost = 0
        self._counting = threading.Lock()
        self._failure: str | None = None
        self._closing = threading.Event()
        # Once here and now, so that a folder which cannot be written is known before the first answer.
        self._append([(datetime.now(UTC).date().isoformat(), "")])
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
        while True:
            lines = self._take()
            while lines and not self._append(lines):
                if self._closing.wait(_RETRY_SECONDS):
                    return
            self._confess()
            if self._closing.is_set() and self._waiting.empty():
                return

    def _confess(self) -> None:
        """Write down how many lines were lost, now that it is possible again: a gap must not look like peace."""
        with self._counting:
            lost, self._lost = self._lost, 0
        if lost:
            now = datetime.now(UTC)
            line = json.dumps({"at": now.isoformat(timespec="milliseconds"), "lost": lost})
            if not self._append([(now.date().isoformat(), line + "\n")]):
                with self._counting:
                    self._lost += lost

    def _take(self) -> list[Line]:
        """The next lines, waiting for the first; None among them only wakes the thread."""
        taken = [self._waiting.get()]
        while len(taken) < _BATCH:
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return [line for line in taken if line is not None]

    def _append(self, lines: Sequence[Line]) -> bool:
        """Append the lines to the files of their days; whether that was possible."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for day in sorted({day for day, _ in lines}):
                text = "".join(line for of_day, line in lines if of_day == day)
                path = self._folder / f"api-{day}.jsonl"
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                with open(descriptor, "a", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, for its mode
                    file.write(text)
        except OSError as error:
            if self._failure is None:
                _LOG.error("the audit log cannot be written: %s", error)
            self._failure = f"the audit log cannot be written: {error}"
            return False
        self._failure = None
        return True
