"""`python -m benchmarks.erasure [visitors]`: one erasure of many beside its lower bound, into results/erasure.md.

The bound is what nobody can avoid: every partition of the lake written anew once, and one full build of the warehouse.

Belongs here: the runs on two copies of one data directory, each in a process of its own, because what a first build
leaves in memory slows down a second; and the proof that the erasure did its work. Nothing is written to the page when
it did not. Dagster takes no part: it would cost both sides the same.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.catalogue import mart_checks
from ingestion.contract import RunContext, StagedBatch
from ingestion.erasure.rewriting import COMMITTED_TOGETHER, contract_of
from ingestion.lake import DATA_FILE, QUARANTINE_FILE, Lake
from ingestion.landing import commit, discard, read_manifests
from ingestion.manifest import Manifest
from ingestion.staging import PartitionWriter, Provenance, finish_while_writing
from orchestration.lib.audit import audit_warehouse
from orchestration.lib.dbt_build import parse_project
from orchestration.lib.erasure import erase_from_lake, key_ring, request_of
from orchestration.lib.erasure_certificate import certify
from orchestration.lib.landing import land_sources
from orchestration.lib.progress import Progress
from orchestration.lib.publishing import publish_warehouse
from orchestration.lib.session import RunSession, open_session
from orchestration.lib.warehouse import build
from orchestration.settings import Settings

RESULTS = Path(__file__).resolve().parent / "results" / "erasure.md"
VISITORS = 10_000
# A refresh takes half a minute, and some per cent more or less each time: the best of as many, by turns.
ROUNDS = 3
BATCH_ROWS = 50_000


class Silence(Progress):
    """Nothing is told while it is measured."""


@dataclass(frozen=True)
class Cost:
    """Of one part, in seconds: of the clock on the wall, and of CPU of this process."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


def main() -> None:
    """Make the sample company, measure on two copies of it, write the page.

    Raises AssertionError when the erasure left somebody in the lake; RunFailedError when its search finds somebody.
    """
    visitors = int(sys.argv[1]) if len(sys.argv) > 1 else VISITORS
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    measured_at = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="netvexa-bench-") as folder:
        bound, erased = (_settings(Path(folder, name), measured_at) for name in ("bound", "erased"))
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh_process:
            fresh_process.submit(_prepare, bound).result()
            shutil.copytree(bound.data_dir, erased.data_dir, symlinks=True)
            rewriting = fresh_process.submit(_bound, bound).result()
            erased_count, erasing, searching = fresh_process.submit(_erasure, erased, visitors).result()
            refreshing: dict[Path, list[Cost]] = {bound.data_dir: [], erased.data_dir: []}
            for settings in (bound, erased) * ROUNDS:
                refreshing[settings.data_dir].append(fresh_process.submit(_refresh, settings).result())
    parts = {
        "bound: every partition of the lake written anew": rewriting,
        "bound: one full refresh (build, gate 2, publish)": best(refreshing[bound.data_dir]),
        "erasure: ledger, looking, rewriting": erasing,
        "erasure: one full refresh": best(refreshing[erased.data_dir]),
        "search of every file, for the certificate": searching,
    }
    conditions = f"{measured_at:%Y-%m-%d}, {os.cpu_count()} cores, {load:.1f} runnable processes a core at the start"
    RESULTS.write_text(page(parts, erased_count, conditions), encoding="utf-8")


def _prepare(settings: Settings) -> None:
    with _session(settings) as session:
        assert not land_sources(session, uuid4().hex).report.blocking_failures
        refresh(session)


def _bound(settings: Settings) -> Cost:
    with _session(settings) as session:
        return _timed(lambda: _rewrite_lake(session))


def _refresh(settings: Settings) -> Cost:
    parse_project(settings)
    with _session(settings) as session:
        session.layout.warehouse.unlink(missing_ok=True)
        return _timed(lambda: refresh(session))


def _erasure(settings: Settings, visitors: int) -> tuple[int, Cost, Cost]:
    with _session(settings) as session:
        tokens = _visitors(session)[:visitors]
        request = request_of(key_ring(settings), tokens, [])
        erasing = _timed(lambda: erase_from_lake(session, uuid4().hex, request))
        assert not set(tokens) & set(_visitors(session)), "an erased visitor is still in the lake"
        refresh(session)
        searching = _timed(lambda: certify(session, request, ()))
    return len(tokens), erasing, searching


def best(costs: Sequence[Cost]) -> Cost:
    """The least of each."""
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def page(parts: dict[str, Cost], visitors: int, conditions: str) -> str:
    """The page, from the five parts in their order: two of the bound, two of the erasure, the search."""
    rewriting, refreshing, erasing, refreshing_after, _ = parts.values()
    bound, erasure = rewriting + refreshing, erasing + refreshing_after
    rows = "\n".join(f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} |" for name, cost in parts.items())
    return f"""# An erasure of {visitors:,} visitors in one call

Written by `python -m benchmarks.erasure`, not by hand. Never tested: no check depends on it.

- {conditions} (above 0.3 the machine was busy with other work: trust CPU, not wall).
- The sample company, on two copies of one data directory. Seconds; of a refresh the best of {ROUNDS}, by turns.
- Proved before a number was written: no token of the erased is in the lake, and the search found nobody.

| part | wall | CPU |
|---|--:|--:|
{rows}
| **erasure ÷ bound** | **{erasure.wall / bound.wall:.2f}** | **{erasure.cpu / bound.cpu:.2f}** |

Aim: at most 1. The search is the proof, not the erasure, and stands beside it.
"""


def refresh(session: RunSession) -> None:
    """Everything from the lake as it is to a published version."""
    project = parse_project(session.settings)
    run_id = uuid4().hex
    assert not build(session, project).result.failures
    expected = {check.asset[1] for check in mart_checks()} & set(project.marts)
    assert not audit_warehouse(session, run_id, expected).blocking_failures
    publish_warehouse(session, run_id, project.document)


def _settings(data_dir: Path, at: datetime) -> Settings:
    return Settings(_env_file=None, NETVEXA_DATA_DIR=str(data_dir), NETVEXA_AS_OF=at.isoformat())


@contextmanager
def _session(settings: Settings) -> Iterator[RunSession]:
    with open_session(settings, lambda: datetime.now(UTC), Silence(), ["benchmarks.erasure"]) as session:
        yield session


def _timed(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def _visitors(session: RunSession) -> list[str]:
    """Tokens of the visitors in the lake, in the order of their hashes."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select distinct visitor_token from read_parquet($files) where visitor_token is not null order by 1",
            {"files": str(session.layout.lake / "raw_app/events/*/data.parquet")},
        ).fetchall()
    return [row[0] for row in rows]


def _rewrite_lake(session: RunSession) -> None:
    """Every partition read and written as it is, by the lake's own writer, as many at once as by an erasure."""
    lake = Lake(session.layout.lake)
    run = RunContext("rewriting", session.instant, session.clock, session.progress.doing)
    manifests = read_manifests(lake)
    for start in range(0, len(manifests), COMMITTED_TOGETHER):
        together = manifests[start : start + COMMITTED_TOGETHER]
        staged = finish_while_writing(writer for manifest in together for writer in _as_it_is(lake, run, manifest))
        commit(lake, StagedBatch("rewriting", tuple(staged)))
    discard(lake, run.run_id)


def _as_it_is(lake: Lake, run: RunContext, manifest: Manifest) -> Iterator[PartitionWriter]:
    folder = lake.partition(manifest.source, manifest.table, manifest.partition_key, manifest.partition_value)
    provenance = Provenance(manifest.origin, manifest.key_id, manifest.read_to, coverage=manifest.coverage)
    with pq.ParquetFile(folder / DATA_FILE) as file:
        contract = contract_of(manifest, file.schema_arrow)
        with PartitionWriter(lake, run, contract, manifest.partition_value, provenance) as writer:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                writer.write(pa.Table.from_batches([batch]))
            if QUARANTINE_FILE in manifest.files:
                writer.set_aside(pq.read_table(folder / QUARANTINE_FILE))
            yield writer


if __name__ == "__main__":
    main()
