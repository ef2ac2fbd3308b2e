"""What the measured process and its observer say to one another: one line of standard error a mark.

Belongs here: the form of a mark, writing and reading it. Does not: what is run, what is made of it.
Marks go through the stream that `python -X importtime` writes to, so that each import falls between two marks.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass

PREFIX = "benchmark-mark "


@dataclass(frozen=True)
class Mark:
    """A moment of the measured process.

    at: seconds of the system's monotonic clock, the same in every process. cpu: seconds of CPU the process and its
    ended children have used. kind: `phase`, `doing` or `end`. text: what the job said.
    """

    at: float
    cpu: float
    kind: str
    text: str


def say(kind: str, text: str) -> None:
    """Write a mark of this moment."""
    mark = Mark(time.monotonic(), _cpu_seconds(), kind, text)
    sys.stderr.write(f"{PREFIX}{json.dumps(asdict(mark))}\n")
    sys.stderr.flush()


def heard(line: str) -> Mark | None:
    """The mark a line holds; None for everything else that is written to standard error."""
    return Mark(**json.loads(line.removeprefix(PREFIX))) if line.startswith(PREFIX) else None


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
