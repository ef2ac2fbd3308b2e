"""What a killed run may have left behind, put right before the next one starts.

Only leftovers: a half-committed partition is finished or dropped, a warehouse that cannot be opened is deleted (the
lake is the truth, the next build makes it again). What publishing leaves is swept by publishing itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout
from orchestration.lib.progress import Progress

RUNS_KEPT = 30


def recover(layout: DataLayout, progress: Progress) -> None:
    """Heal the lake and the warehouse; call it with the run lock held.

    Raises:
        RunFailedError: another process has the warehouse file open.
    """
    from ingestion.lake import Lake  # pyarrow
    from ingestion.landing import recover as recover_lake

    for line in recover_lake(Lake(layout.lake)):
        progress.done(line)
    discard_unreadable_warehouse(layout.warehouse, progress)
    prune_runs(layout.runs)


def discard_unreadable_warehouse(warehouse: Path, progress: Progress) -> None:
    """Delete the DuckDB file, and its write-ahead log, if DuckDB cannot open it.

    Raises:
        RunFailedError: it cannot be opened because another process holds it.
    """
    if not warehouse.exists():
        # A log without its file would be replayed into the new one.
        _log_of(warehouse).unlink(missing_ok=True)
        return
    try:
        duckdb.connect(str(warehouse)).close()
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise RunFailedError(
                f"another process has {warehouse} open, and DuckDB allows one writer only. "
                "Close it (published/current is there for reading) and run again."
            ) from error
        _discard(warehouse, progress, error)
    except duckdb.Error as error:
        _discard(warehouse, progress, error)


def prune_runs(runs: Path, keep: int = RUNS_KEPT) -> None:
    """Keep the newest `keep` run folders; their names sort by time."""
    if runs.is_dir():
        for folder in sorted(entry for entry in runs.iterdir() if entry.is_dir())[:-keep]:
            shutil.rmtree(folder)


def _discard(warehouse: Path, progress: Progress, error: duckdb.Error) -> None:
    progress.warn(f"{warehouse} cannot be opened and is built anew from the lake ({str(error).splitlines()[0]})")
    warehouse.unlink()
    _log_of(warehouse).unlink(missing_ok=True)


def _log_of(warehouse: Path) -> Path:
    return warehouse.with_name(warehouse.name + ".wal")
