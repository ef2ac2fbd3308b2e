"""The parts of a night follow what the job says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.observer import Span
from benchmarks.parts import parts_of

ROOT = Path(__file__).resolve().parents[3]


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


def test_parts_of__knows_every_phase_the_job_announces() -> None:
    job = [path for path in (ROOT / "orchestration").rglob("*.py") if path.parent.name != "commands"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in job)
    titles = sorted(set(re.findall(r'progress\.phase\("([^"]+)"\)', code)))
    assert titles
    # A title that opens no part would be added up under the part before it.
    assert len(parts_of([Span("phase", "Starting", 0), *(Span("phase", title, 0) for title in titles)])) > len(titles)
    for words in ("reading {source.name}", "moving the batches into the lake", "dbt {ended}/{total} {name}"):
        assert words in code
