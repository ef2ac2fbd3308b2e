"""`python -m benchmarks.ingestion`: a first load measured beside COPY by hand, into benchmarks/results/ingestion.md.

Belongs here: the order of the runs, the proof that all of them landed the same rows, and the page. Does not: the ways
themselves (first_loads), the planted rows (planted_events), watching a process (observer). Nothing is written when any
result differs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.nightly import require_equal
from benchmarks.observer import Observation, observe
from benchmarks.planted_events import HISTORY_DAYS, statements
from tests.postgres_server import PostgresServer, running_postgres

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "ingestion.md"

SIZES = (1_000_000, 3_000_000)
ROUNDS = 3
WAYS = ("copy_rows", "ours", "copy_blocks")
TARGET_TIMES = 1.5
TARGET_MEGABYTES = 400
TARGET_QUIET_SECONDS = 2

_TOLD = {
    "ours": "our first load: screened, tokens, a checked file a day, manifests",
    "copy_rows": "`COPY` by psycopg: typed rows into pyarrow, one Parquet file",
    "copy_blocks": "`COPY` as CSV blocks into Arrow's own parser, one Parquet file",
}
# What every way lands of an event as it is.
_SAME = "id, event_type, account_id, agent_id, conversation_id, occurred_at, received_at"


@dataclass(frozen=True)
class Run:
    """One way once: seconds and CPU seconds of the load alone (imports left out), MB of the process at its peak."""

    wall: float
    cpu: float
    peak: float


def main() -> None:
    """Plant, measure in rounds, compare, write the page.

    Raises DifferentWorkError when two ways landed different rows, MeasuredProcessError when one failed.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    runs: defaultdict[tuple[str, int], list[Run]] = defaultdict(list)
    with running_postgres() as server, tempfile.TemporaryDirectory(prefix="netvexa-bench-") as folder:
        databases = {events: _planted(server, events) for events in SIZES}
        for number in range(ROUNDS):
            for events, dsn in databases.items():
                for way, run in _round(dsn, events, Path(folder, f"{number}-{events}")):
                    runs[way, events].append(run)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(page(runs, datetime.now(UTC), load), encoding="utf-8")
    _say(f"written: {RESULTS.relative_to(ROOT)}")


def _planted(server: PostgresServer, events: int) -> str:
    """DSN of a database with so many events."""
    from adbc_driver_postgresql import dbapi

    _say(f"planting {events:,} events …")
    name = f"app_{events}"
    dsn = server.dsn.rsplit("/", 1)[0] + f"/{name}"
    for target, commands in ((server.dsn, [f"create database {name}"]), (dsn, statements(events))):
        with dbapi.connect(target, autocommit=True) as connection, connection.cursor() as cursor:
            for command in commands:
                cursor.execute(command)
    return dsn


def _round(dsn: str, events: int, folder: Path) -> Iterator[tuple[str, Run]]:
    """Every way once, one after the other, then a quiet night on what ours landed."""
    landed = {}
    for way in WAYS:
        target = folder / way
        target.mkdir(parents=True)
        yield way, _measured(way, dsn, target, events)
        landed[way] = fingerprint(target)
        require_equal(f"rows landed by {way} and asked for", {"rows": landed[way]["rows"]}, {"rows": events})
        require_equal(f"events landed by {way} and by {WAYS[0]}", landed[way], landed[WAYS[0]])
    yield "quiet_night", _measured("quiet_night", dsn, folder / "ours", events)
    require_equal("events after the quiet night", fingerprint(folder / "ours"), landed["ours"])


def _measured(way: str, dsn: str, folder: Path, events: int) -> Run:
    seen: Observation = observe("benchmarks.first_loads", [way, dsn, str(folder)], {}, ROOT)
    (span,) = (span for span in seen.spans if span.text == "load")
    _say(f"  {way}, {events:,} events: {span.wall:.1f} s, CPU {span.cpu:.1f} s, {seen.peak:.0f} MB")
    return Run(span.wall, span.cpu, seen.peak)


def fingerprint(folder: Path) -> dict[str, int]:
    """Rows and hash of the events under `folder`, whatever their order and however spread over Parquet files."""
    import duckdb

    files = f"read_parquet('{folder}/**/*.parquet', union_by_name = true, hive_partitioning = false)"
    query = f"select count(*), sum(cast(hash({_SAME}) as hugeint)) from {files} where event_type is not null"
    with duckdb.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return {"rows": int(row[0]), "hash": int(row[1])}


def page(runs: Mapping[tuple[str, int], Sequence[Run]], measured_at: datetime, load: float) -> str:
    """The page of results: Markdown. No path and no name of the machine is written."""
    largest = SIZES[-1]
    times = _times_as_fast(runs, "ours", largest)
    peaks = {events: max(run.peak for run in runs["ours", events]) for events in SIZES}
    quiet = median(run.wall for run in runs["quiet_night", largest])
    lines = [
        "# A first load of the app's events, beside COPY by hand",
        "",
        "Written by `python -m benchmarks.ingestion`, not by hand. Never tested: no check depends on it.",
        "",
        f"- {measured_at:%Y-%m-%d}, {os.cpu_count()} cores for the server and its reader together, {load:.1f} runnable "
        "processes a core at the start (above 0.3 the machine was busy with other work, which slows one thread "
        "more than our several: trust CPU, and measure again).",
        f"- Events planted in a real PostgreSQL, spread over {HISTORY_DAYS} days. Every way reads the same SELECT "
        "list; the two by hand in one statement, without order.",
        f"- {ROUNDS} rounds, in each of them every way once, one after the other, in processes of their own. Imports "
        "are left out; connecting is not. CPU is the reader's alone, the server's is not in it.",
        "- Proved before a number was written: every way landed as many events as were planted, with equal hashes of "
        f"`{_SAME}`; a quiet night changed none of them.",
        "",
        f"Aims: {TARGET_TIMES} times as fast as `COPY` by psycopg at {largest:,} events, under {TARGET_MEGABYTES} MB "
        f"and no more for {largest:,} than for {SIZES[0]:,}, an empty nightly pull under {TARGET_QUIET_SECONDS} s. "
        f"Measured (medians of {ROUNDS} rounds, the highest memory): {times:.2f} times, {peaks[SIZES[0]]:.0f} MB and "
        f"{peaks[largest]:.0f} MB, {quiet:.1f} s.",
        "",
    ]
    for events in SIZES:
        lines += [
            f"## {events:,} events",
            "",
            "| way | events/s | wall | CPU | peak MB | times as fast as psycopg's rows |",
            "|---|--:|--:|--:|--:|--:|",
            *(_line(runs, way, events) for way in ("ours", "copy_rows", "copy_blocks")),
            "",
        ]
    seconds = ", ".join(f"{run.wall:.2f}" for run in runs["quiet_night", largest])
    return "\n".join(
        [
            *lines,
            "Medians of the rounds; the last column is the median of each round's ratio.",
            "",
            "## A night with nothing new",
            "",
            f"After the load of {largest:,} events: look at {HISTORY_DAYS + 1} landed days, connect, read the "
            f"look-back, accounts and agents, land them again: {seconds} s.",
            "",
        ]
    )


def _line(runs: Mapping[tuple[str, int], Sequence[Run]], way: str, events: int) -> str:
    of_way = runs[way, events]
    wall = median(run.wall for run in of_way)
    cpu, peak = median(run.cpu for run in of_way), max(run.peak for run in of_way)
    times = _times_as_fast(runs, way, events)
    return f"| {_TOLD[way]} | {events / wall:,.0f} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {times:.2f} |"


def _times_as_fast(runs: Mapping[tuple[str, int], Sequence[Run]], way: str, events: int) -> float:
    """How many times as fast as psycopg's rows a way was: the median over the rounds."""
    rounds = zip(runs[way, events], runs["copy_rows", events], strict=True)
    return median(rows.wall / run.wall for run, rows in rounds)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
