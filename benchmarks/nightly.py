"""`python -m benchmarks.nightly`: the job measured twice, beside its lower bounds, into benchmarks/results/nightly.md.

Belongs here: the order of the runs, and the proof that all of them did the same work. Does not: watching a process
(observer), naming its parts (parts), writing (report). Nothing is written when any result differs.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.observer import Observation, observe
from benchmarks.report import DbtNodes, Measured, page

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "nightly.md"


class DifferentWorkError(AssertionError):
    """Two runs that should have made the same did not: their times cannot be compared."""


def main() -> None:
    """Measure in a temporary data directory, and write the page.

    Raises DifferentWorkError, or MeasuredProcessError when a run fails.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    measured_at = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="netvexa-bench-") as folder:
        data, aside = Path(folder, "data"), Path(folder, "aside")
        aside.mkdir()
        first, published, dbt_first = _night(data, measured_at)
        # The SQL of a first load: that of a later night reads what the nights before it built.
        manifest = Path(shutil.copy(data / "dbt" / "manifest.json", aside))
        second, published_again, dbt_second = _night(data, measured_at)
        require_equal("published hashes of both nights", published, published_again)
        copy = _bound("copy", data / "sample" / "app.duckdb", aside)
        rows = json.loads(copy.output)
        require_equal("rows of the app's tables", _source_rows(data / "lake" / "raw_app"), rows)
        models = _bound("models", manifest, data / "warehouse" / "netvexa.duckdb", aside)
        require_equal("marts from dbt and from its SQL alone", published, json.loads(models.output))
    measured = Measured(
        first=first,
        second=second,
        dbt_first=dbt_first,
        dbt_second=dbt_second,
        copy=copy,
        models=models,
        rows=rows,
        measured_at=measured_at,
        cores=os.cpu_count() or 1,
        load=load,
    )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(page(measured), encoding="utf-8")
    _say(f"written: {RESULTS.relative_to(ROOT)}")


def _night(data: Path, instant: datetime) -> tuple[Observation, dict[str, str], DbtNodes]:
    """One night: what was seen, the hash of each published mart, and what dbt says of its nodes."""
    _say("a night …")
    environment = {"NETVEXA_DATA_DIR": str(data), "NETVEXA_AS_OF": instant.isoformat(), "DO_NOT_TRACK": "1"}
    observation = observe("benchmarks.measured_night", [], environment, ROOT)
    version = json.loads((data / "published" / "current" / "manifest.json").read_text(encoding="utf-8"))
    hashes = {table["name"]: table["sha256"] for table in version["tables"]}
    _say(f"  {observation.wall:.0f} s, CPU {observation.cpu:.0f} s, {observation.peak:.0f} MB")
    return observation, hashes, _dbt_nodes(json.loads((data / "dbt" / "run_results.json").read_text(encoding="utf-8")))


def _bound(name: str, *paths: Path) -> Observation:
    _say(f"lower bound: {name} …")
    observation = observe("benchmarks.lower_bounds", [name, *map(str, paths)], {}, ROOT)
    _say(f"  {observation.wall:.0f} s, CPU {observation.cpu:.0f} s, {observation.peak:.0f} MB")
    return observation


def _dbt_nodes(run_results: dict[str, Any]) -> DbtNodes:
    counts: defaultdict[str, int] = defaultdict(int)
    seconds: defaultdict[str, float] = defaultdict(float)
    for result in run_results["results"]:
        kind = result["unique_id"].partition(".")[0]
        counts[kind] += 1
        seconds[kind] += result["execution_time"]
    slowest = sorted(run_results["results"], key=lambda result: (-result["execution_time"], result["unique_id"]))
    return DbtNodes(
        by_kind={kind: (counts[kind], seconds[kind]) for kind in sorted(counts)},
        slowest=[(result["unique_id"].split(".")[2], result["execution_time"]) for result in slowest],
    )


def _source_rows(raw_app: Path) -> dict[str, int]:
    """Rows read of each table of the app, by the lake's own manifests."""
    rows: defaultdict[str, int] = defaultdict(int)
    for path in raw_app.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        rows[manifest["table"]] += manifest["source_rows"]
    return dict(rows)


def require_equal(what: str, left: dict[str, Any], right: dict[str, Any]) -> None:
    """Raise DifferentWorkError naming every key whose values differ, or that only one side has."""
    different = sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))
    if different:
        raise DifferentWorkError(f"{what} differ for {', '.join(different)}: nothing is compared, nothing is written")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
