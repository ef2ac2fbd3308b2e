"""Watching a process: what falls between two marks is added up, and a failure is never a measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.observer import MeasuredProcessError, Span, observe

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
