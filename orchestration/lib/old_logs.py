"""What runs and the API write down about themselves, by the UTC day it was written, and how it leaves.

Belongs here: run folders with their data docs, dbt's and Superset's logs, the API's audit files. Does not: when they
leave (leaving), Dagster's own records (orchestration.dagster_instance).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.lib.paths import DataLayout

DBT_LOG = "dbt.log"
_RUN_FOLDER = re.compile(r"(\d{8})T\d{6}Z-")
_DATED_FILE = re.compile(r"(?:dbt|api|superset)-(\d{4}-\d{2}-\d{2})\.(?:log|jsonl)")


def date_dbt_log(logs: Path, now: datetime) -> None:
    """Give the log of an earlier day that day's name, so that no file holds lines of two; call it before dbt runs.

    dbt writes the time beside its lines, and no date.
    """
    log = logs / DBT_LOG
    if log.exists() and (written := _written(log)) < now.astimezone(UTC).date():
        with (logs / f"dbt-{written}.log").open("ab") as dated:
            dated.write(log.read_bytes())
        log.unlink()


def old_logs(layout: DataLayout, through: date) -> list[Path]:
    """Folders and files of days up to `through`, ordered by path."""
    return sorted(path for path, day in _dated(layout) if day <= through)


def remove_logs(paths: list[Path]) -> None:
    """Delete what `old_logs` named."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _dated(layout: DataLayout) -> Iterator[tuple[Path, date]]:
    for folder in layout.runs.glob("*/"):
        if began := _RUN_FOLDER.match(folder.name):
            yield folder, datetime.strptime(began[1], "%Y%m%d").replace(tzinfo=UTC).date()
    dated_files = (
        *layout.logs.glob("dbt-*.log"),
        *layout.api_audit.glob("api-*.jsonl"),
        *layout.superset.glob("superset-*.log"),
    )
    for file in dated_files:
        if dated := _DATED_FILE.fullmatch(file.name):
            yield file, date.fromisoformat(dated[1])
    # dbt's own rotation, by size.
    for file in layout.logs.glob(f"{DBT_LOG}.*"):
        yield file, _written(file)


def _written(file: Path) -> date:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
