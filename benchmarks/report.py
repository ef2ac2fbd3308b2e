"""The page of results: Markdown out of what was measured.

Belongs here: tables and the sentences around them. Does not: measuring. No path and no name of the machine is written.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.observer import Observation
from benchmarks.parts import BUILD, READ_APP, SAMPLE, parts_of

TARGET_SECONDS = 90
TARGET_MEGABYTES = 1500
PACKAGES_TOLD = 6
NODES_TOLD = 5


@dataclass(frozen=True)
class DbtNodes:
    """What dbt says of its nodes, by kind: how many, and seconds in its threads; and the slowest, with seconds."""

    by_kind: Mapping[str, tuple[int, float]]
    slowest: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Measured:
    """Everything the page tells. Nights are at one instant; bounds have been proved to do the same work.

    rows: of the app's tables. load: runnable processes a core when it began, so that a busy machine shows.
    """

    first: Observation
    second: Observation
    dbt_first: DbtNodes
    dbt_second: DbtNodes
    copy: Observation
    models: Observation
    rows: Mapping[str, int]
    measured_at: datetime
    cores: int
    load: float


def page(measured: Measured) -> str:
    """The whole page."""
    return "\n".join(
        [
            *_head(measured),
            *_nights(measured),
            *_bounds(measured),
            *_dbt(measured),
            *_imports(measured.second),
        ]
    )


def _head(measured: Measured) -> list[str]:
    events = measured.rows["events"]
    return [
        "# The nightly job: where time and memory go",
        "",
        "Written by `python -m benchmarks.nightly`, not by hand. Never tested: no check depends on it.",
        "",
        f"- {measured.measured_at:%Y-%m-%d}, {measured.cores} cores, Python {platform.python_version()}, "
        f"{measured.load:.1f} runnable processes a core at the start (above 0.3 the machine was busy with other work: "
        "trust CPU, not wall).",
        f"- The sample company: {events:,} events, {measured.rows['accounts']:,} accounts. Its Stripe answers in the "
        "measured process, so its work counts too.",
        "- *First load*: an empty data directory, all history. *Second night*: the same instant again, nothing new.",
        "- Proved before a number was written: both nights published equal hashes, the lower bounds read the same rows "
        "and made the same marts.",
        "- wall and CPU in seconds; *imports* is the part of wall spent importing Python modules; *peak* is resident "
        "memory of the process tree in MB.",
        "",
    ]


def _nights(measured: Measured) -> list[str]:
    first, second = parts_of(measured.first.spans), parts_of(measured.second.spans)
    lines = [
        "## By part",
        "",
        "| part | first: wall | CPU | imports | peak | second: wall | CPU | imports | peak |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in dict.fromkeys([*first, *second]):
        cells = []
        for parts in (first, second):
            part = parts.get(name)
            if part is None:
                cells += [""] * 4
            else:
                cells += [f"{part.wall:.1f}", f"{part.cpu:.1f}", f"{part.imports:.1f}", f"{part.peak:.0f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    totals = [
        cell
        for night, parts in ((measured.first, first), (measured.second, second))
        for cell in (
            f"**{night.wall:.1f}**",
            f"**{night.cpu:.1f}**",
            f"**{sum(part.imports for part in parts.values()):.1f}**",
            f"**{night.peak:.0f}**",
        )
    ]
    lines.append(f"| **the whole job** | {' | '.join(totals)} |")
    without_sample = measured.first.wall - first[SAMPLE].wall
    return [
        *lines,
        "",
        f"Aims, on 2 quiet cores: under {TARGET_SECONDS} s and {TARGET_MEGABYTES:,} MB. First load: "
        f"{measured.first.wall:.0f} s ({without_sample:.0f} s without making the company), "
        f"{measured.first.peak:,.0f} MB. Second night: {measured.second.wall:.0f} s, {measured.second.peak:,.0f} MB.",
        "",
    ]


def _bounds(measured: Measured) -> list[str]:
    first = parts_of(measured.first.spans)
    lines = [
        "## Against lower bounds",
        "",
        "The same work by DuckDB alone, measured in the same run, imports included.",
        "",
        "| work | wall | CPU | bound | wall | CPU | times the CPU |",
        "|---|--:|--:|---|--:|--:|--:|",
    ]
    for name, work, bound, alone in (
        ("read the app into the lake", first[READ_APP], "`COPY` of its three tables to Parquet", measured.copy),
        ("dbt build, tests included", first[BUILD], "the models' compiled SQL, one after the other", measured.models),
    ):
        lines.append(
            f"| {name} | {work.wall:.1f} | {work.cpu:.1f} | {bound} | {alone.wall:.1f} | {alone.cpu:.1f} "
            f"| {work.cpu / alone.cpu:.1f} |"
        )
    both_wall, both_cpu = measured.copy.wall + measured.models.wall, measured.copy.cpu + measured.models.cpu
    lines.append(
        f"| the whole first load | {measured.first.wall:.1f} | {measured.first.cpu:.1f} | both | {both_wall:.1f} "
        f"| {both_cpu:.1f} | {measured.first.cpu / both_cpu:.1f} |"
    )
    return [*lines, ""]


def _dbt(measured: Measured) -> list[str]:
    lines = [
        "## Inside dbt",
        "",
        "Seconds in its two threads, as dbt reports them.",
        "",
        "| nodes | how many | first load | second night |",
        "|---|--:|--:|--:|",
    ]
    for kind, (count, seconds) in measured.dbt_first.by_kind.items():
        lines.append(f"| {kind} | {count} | {seconds:.1f} | {measured.dbt_second.by_kind[kind][1]:.1f} |")
    slowest = ", ".join(f"`{name}` {seconds:.1f}" for name, seconds in measured.dbt_second.slowest[:NODES_TOLD])
    return [*lines, "", f"Slowest on the second night: {slowest}.", ""]


def _imports(night: Observation) -> list[str]:
    ordered = sorted(night.imports.items(), key=lambda item: (-item[1], item[0]))
    told = _listed(ordered[:PACKAGES_TOLD])
    rest = sum(seconds for _, seconds in ordered[PACKAGES_TOLD:])
    return [
        "## Imports",
        "",
        f"Second night, by top-level package, each without what it imports itself: {told}; "
        f"{len(ordered) - PACKAGES_TOLD:,} others {rest:.1f} s.",
        "",
    ]


def _listed(items: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"`{name}` {seconds:.1f} s" for name, seconds in items)
