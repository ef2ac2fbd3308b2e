"""Watching one process from outside: its marks, its imports, its memory.

Belongs here: starting a process, listening, sampling, and adding up what falls between two marks. Does not: what is
run. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.marks import Mark, heard

SECONDS_BETWEEN_SAMPLES = 0.05
_IMPORT = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)")
_RESIDENT = re.compile(r"^VmRSS:\s*(\d+) kB", re.MULTILINE)


class MeasuredProcessError(RuntimeError):
    """The measured process failed: there is nothing to report about."""


@dataclass
class Span:
    """What happened between two marks. wall, cpu and imports: seconds; imports are part of wall. peak: MB resident."""

    kind: str
    text: str
    started_at: float
    wall: float = 0.0
    cpu: float = 0.0
    imports: float = 0.0
    peak: float = 0.0


@dataclass
class Observation:
    """Everything seen of one process: its spans in order, what it printed, import seconds by package."""

    spans: list[Span] = field(default_factory=list)
    output: str = ""
    imports: dict[str, float] = field(default_factory=dict)

    @property
    def wall(self) -> float:
        return sum(span.wall for span in self.spans)

    @property
    def cpu(self) -> float:
        return sum(span.cpu for span in self.spans)

    @property
    def peak(self) -> float:
        return max(span.peak for span in self.spans)


def observe(module: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Observation:
    """Run `python -m module` from `folder` to its end and watch it.

    environment: variables set beside those that are inherited. Raises MeasuredProcessError with the end of its standard
    error when it fails.
    """
    started_at = time.monotonic()
    # `env` adds to what is inherited and becomes the process, so that nothing here reads the environment.
    with_environment = ["env", *(f"{name}={value}" for name, value in environment.items())]
    process = subprocess.Popen(
        [*with_environment, sys.executable, "-X", "importtime", "-m", module, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    memory: list[tuple[float, float]] = []
    sampler = threading.Thread(target=_sample, args=(process, memory), daemon=True)
    sampler.start()
    printed: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    printer = threading.Thread(target=lambda out: printed.append(out.read()), args=(process.stdout,), daemon=True)
    printer.start()
    lines = list(process.stderr)
    code = process.wait()
    sampler.join()
    printer.join()
    if code:
        raise MeasuredProcessError(f"{module} ended with {code}:\n{''.join(_words(lines)[-15:])}")
    observation = _add_up(lines, started_at)
    observation.output = "".join(printed)
    for span in observation.spans:
        inside = [resident for at, resident in memory if span.started_at <= at < span.started_at + span.wall]
        span.peak = max(inside, default=0.0)
    return observation


def _add_up(lines: Sequence[str], started_at: float) -> Observation:
    """Cut the stream at the marks: what stands between two of them happened between them."""
    seen = Observation(spans=[Span("phase", "Python", started_at)])
    before = Mark(started_at, 0.0, "phase", "Python")
    for line in lines:
        mark = heard(line)
        imported = _IMPORT.match(line)
        if imported is not None:
            seconds = int(imported[1]) / 1e6
            seen.spans[-1].imports += seconds
            package = imported[2].partition(".")[0]
            seen.imports[package] = seen.imports.get(package, 0.0) + seconds
        elif mark is not None:
            seen.spans[-1].wall = mark.at - before.at
            seen.spans[-1].cpu = mark.cpu - before.cpu
            before = mark
            if mark.kind == "end":
                break
            seen.spans.append(Span(mark.kind, mark.text, mark.at))
    return seen


def _sample(process: subprocess.Popen[str], memory: list[tuple[float, float]]) -> None:
    while process.poll() is None:
        memory.append((time.monotonic(), _resident_megabytes(process.pid)))
        time.sleep(SECONDS_BETWEEN_SAMPLES)


def _resident_megabytes(pid: int) -> float:
    """Resident memory of a process and of all its descendants; those that have just gone count nothing."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        children = [Path(task, "children").read_text(encoding="utf-8") for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return 0.0
    found = _RESIDENT.search(status)
    own = int(found[1]) / 1000 if found else 0.0
    return own + sum(_resident_megabytes(int(child)) for text in children for child in text.split())


def _words(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not _IMPORT.match(line) and heard(line) is None]
