"""Gate 2 on the warehouse, and its verdict kept beside the file.

Publishing is a step of its own and can be started alone from Dagster's page, so it must know that the file it is about
to publish is the very one that passed. The verdict therefore names the file by size and time of change, and the next
build removes it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.failures import RunFailedError
from orchestration.lib.paths import DataLayout
from orchestration.lib.progress import report_verdict
from orchestration.lib.session import RunSession

if TYPE_CHECKING:
    from expectations.report import Report


@dataclass(frozen=True)
class Audit:
    """A warehouse that passed gate 2: when it took for now, and its last complete local day."""

    run_instant: datetime
    as_of_date: date


def audit_warehouse(session: RunSession, run_id: str, expected: Collection[str]) -> Report:
    """Run gate 2 on the marts, those named in `expected` must exist; remember the verdict if nothing blocks."""
    from expectations.run import check_marts  # Great Expectations: 8 s

    session.progress.phase("Gate 2, on what would be published")
    session.progress.doing("looking at the marts")
    report = check_marts(
        session.layout.warehouse, session.folder(run_id) / "gate_2", session.as_of_date, expected=expected
    )
    report_verdict(session.progress, report)
    if not report.blocking_failures:
        remember_audit(session.layout, Audit(session.instant, session.as_of_date))
    return report


def withdraw_audit(layout: DataLayout) -> None:
    """Forget the verdict: the warehouse is about to change."""
    layout.audit.unlink(missing_ok=True)


def require_audit(layout: DataLayout) -> Audit:
    """The verdict on the warehouse as it is.

    Raises:
        RunFailedError: this file did not pass gate 2.
    """
    try:
        record = json.loads(layout.audit.read_text(encoding="utf-8"))
        if record["file"] == _stamp(layout.warehouse):
            return Audit(datetime.fromisoformat(record["run_instant"]), date.fromisoformat(record["as_of_date"]))
    except (OSError, ValueError, KeyError):
        pass
    raise RunFailedError("the warehouse has not passed gate 2 since it was built; run the whole nightly job")


def remember_audit(layout: DataLayout, audit: Audit) -> None:
    """Keep the verdict on the warehouse as it is now."""
    record = {
        "run_instant": audit.run_instant.isoformat(),
        "as_of_date": audit.as_of_date.isoformat(),
        "file": _stamp(layout.warehouse),
    }
    aside = layout.audit.with_suffix(".tmp")
    aside.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    aside.replace(layout.audit)


def _stamp(warehouse: Path) -> dict[str, int]:
    found = warehouse.stat()
    return {"bytes": found.st_size, "changed_ns": found.st_mtime_ns}
