"""Watching a process: what falls between two marks is added up, and a failure is never a measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.observer import MeasuredProcessError, Span, observe
from benchmarks.parts import parts_of

ROOT = Path(__file__).resolve().parents[3]


def _observed(folder: Path, body: str) -> list[Span]:
    (folder / "probe.py").write_text(f"import time\nfrom benchmarks.marks import say\n{body}", encoding="utf-8")
    return observe("probe", [], {"PYTHONPATH": str(ROOT)}, folder).spans


def test_observe__gives_each_span_its_own_time_memory_and_imports(tmp_path: Path) -> None:
    spans = _observed(
        tmp_path,
        "say('phase', 'waiting')\ntime.sleep(0.3)\n"
        "say('phase', 'holding')\nheld = bytearray(200_000_000)\nheld[::4096] = b'x' * len(held[::4096])\n"
        "import csv\ntime.sleep(0.3)\nsay('end', '')\n",
    )
    assert [span.text for span in spans] == ["Python", "waiting", "holding"]
    _, waiting, holding = spans
    assert waiting.wall >= 0.3
    assert waiting.cpu < 0.2
    assert waiting.imports == 0
    assert holding.imports > 0
    assert holding.peak > waiting.peak + 150


def test_observe__counts_what_the_process_started_too(tmp_path: Path) -> None:
    child = "held = bytearray(200_000_000); held[::4096] = b'x' * len(held[::4096]); import time; time.sleep(0.5)"
    spans = _observed(
        tmp_path,
        f"import subprocess, sys\nsay('phase', 'parent')\nsubprocess.run([sys.executable, '-c', {child!r}])\n"
        "say('end', '')\n",
    )
    assert spans[-1].peak > 200


def test_observe__refuses_a_process_that_failed(tmp_path: Path) -> None:
    with pytest.raises(MeasuredProcessError, match="no such company"):
        _observed(tmp_path, "raise SystemExit('no such company')")


def test_parts_of__adds_spans_up_under_the_part_the_job_is_in() -> None:
    spans = [
        Span("phase", "Starting", 0, wall=1, cpu=1, peak=50),
        Span("phase", "Sources", 1, wall=2, cpu=1, peak=90),
        Span("doing", "reading app", 3, wall=4, cpu=2, peak=80),
        Span("doing", "app.accounts: 3 rows", 7, wall=8, cpu=3, peak=70),
        Span("phase", "Warehouse", 15, wall=16, cpu=4, peak=60),
        Span("doing", "dbt 1/2 stg_app__events", 31, wall=32, cpu=5, peak=65),
        Span("doing", "dbt 2/2 kpi_daily", 63, wall=64, cpu=6, peak=61),
    ]
    parts = parts_of(spans)
    assert {name: (part.wall, part.cpu, part.peak) for name, part in parts.items()} == {
        "start Python, take the lock": (1, 1, 50),
        "make or load the sample company": (2, 1, 90),
        "read the app": (12, 5, 80),
        "dbt build": (48, 9, 65),
        "count rows, record the build in Dagster": (64, 6, 61),
    }
