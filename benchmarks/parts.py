"""The parts of a night: which of them a moment belongs to, by what the job says of itself.

Belongs here: the names of the parts and the words that open them. Does not: measuring (observer), writing (report).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from benchmarks.observer import Span

SAMPLE = "make or load the sample company"
READ_APP = "read the app"
BUILD = "dbt build"

# What opens a part, in the words of the job's progress; whatever opens none belongs to the part before it.
_OPENINGS = (
    (re.compile(r"Python|Starting"), "start Python, take the lock"),
    (re.compile(r"Loading"), "import dbt and Dagster, parse the project"),
    (re.compile(r"Sources"), SAMPLE),
    (re.compile(r"reading app"), READ_APP),
    (re.compile(r"reading stripe"), "read Stripe over HTTP"),
    (re.compile(r"reading (spend|rates)"), "read spend and rates"),
    (re.compile(r"Gate 1.*"), "gate 1"),
    (re.compile(r"moving the batches into the lake"), "commit to the lake, record it in Dagster"),
    (re.compile(r"Erasing"), "take the erased out of the lake"),
    (re.compile(r"Retention"), "let go of what is due"),
    (re.compile(r"Warehouse"), BUILD),
    # dbt's last node has ended.
    (re.compile(r"dbt (\d+)/\1 .*"), "count rows, record the build in Dagster"),
    (re.compile(r"Gate 2.*"), "gate 2"),
    (re.compile(r"Publishing"), "publish"),
)


def parts_of(spans: Iterable[Span]) -> dict[str, Span]:
    """The spans of a night added up by part, in the order of the night."""
    parts: dict[str, Span] = {}
    name = ""
    for span in spans:
        name = next((part for opening, part in _OPENINGS if opening.fullmatch(span.text)), name)
        part = parts.setdefault(name, Span("part", name, span.started_at))
        part.wall += span.wall
        part.cpu += span.cpu
        part.imports += span.imports
        part.peak = max(part.peak, span.peak)
    return parts
