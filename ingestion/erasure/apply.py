"""The ledger applied to the lake: whatever the lake holds of the erased leaves it, however it came there.

A lake knows up to which line of the ledger it was rewritten (`lake/erasures.json`), and the ledger's folder which files
held somebody erased. So a lake that was put back from a backup, whole or a partition of it, is noticed for the price of
reading its manifests, and rewritten again.

Belongs here: when there is something to do, and the order that makes it safe to be killed. Does not: warehouse and
versions, which are derived (orchestration).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingestion.contract import RunContext
from ingestion.erasure.keyring import KeyRing
from ingestion.erasure.ledger import Ledger
from ingestion.erasure.related import STRIPE, Affected, Related, find_related, place, stripe_rows
from ingestion.erasure.replacement import PLAN_FILE, Plan, forget_plan
from ingestion.erasure.rewriting import Rewriting
from ingestion.erasure.stripe_ids import row_ids
from ingestion.erasure.subjects import ErasedSubjects
from ingestion.lake import Lake, sync
from ingestion.landing import read_manifests
from ingestion.retry import PermanentSourceError

MARKER_FILE = "erasures.json"
FILES_FILE = "files_rewritten.txt"


@dataclass(frozen=True)
class Applied:
    """What changed in the lake. `ledger`: with all that was found to be theirs."""

    ledger: Ledger
    affected: tuple[Affected, ...]


def is_applied(lake: Lake, ledger: Ledger) -> bool:
    """Whether the lake as it is holds nobody of the ledger, as far as its marks tell."""
    if not ledger.entries:
        return True
    if (ledger.folder / PLAN_FILE).exists() or _mark(lake) != ledger.head:
        return False
    return _checksums(lake).isdisjoint(_files_rewritten(ledger.folder))


def look(lake: Lake, ledger: Ledger, keys: KeyRing) -> tuple[ErasedSubjects, Related]:
    """What the lake holds of those in the ledger. Changes nothing."""
    subjects = ErasedSubjects(keys, ledger.tokens)
    return subjects, find_related(lake, subjects, Plan.read(ledger.folder).row_ids)


def apply_ledger(  # noqa: PLR0913 (the lake, whom to take out of it, and in which run)
    lake: Lake,
    ledger: Ledger,
    keys: KeyRing,
    run: RunContext,
    *,
    request_id: str,
    before_rewriting: Callable[[Sequence[Affected]], None],
) -> Applied:
    """Take everybody of the ledger out of the lake. May be killed anywhere and called again.

    `request_id`: under which what is found to be theirs joins the ledger. `before_rewriting` is told what will change
    before anything does, to drop what was made of it: after a kill the next run must not build upon that. Raises
    PermanentSourceError when a key is missing (see KeyRing.require), or when single days of Stripe were put back from
    before an account's erasure.
    """
    subjects, related = look(lake, ledger, keys)
    _require_one_set_of_new_ids(lake, ledger, keys, related)
    # First who they are, then what replaces their ids, then the lake: each step can be found again from the one before.
    ledger = ledger.extended(request_id, run.wall_clock(), subjects.found)
    if related.affected or (ledger.folder / PLAN_FILE).exists():
        plan = Plan.read(ledger.folder)
        plan.add(related.customers, related.stripe_ids)
        plan.row_ids = sorted(related.row_ids)
        plan.write(ledger.folder)
        before_rewriting(related.affected)
        checksums = [stamp.sha256 for one in related.affected for stamp in one.manifest.files.values()]
        _write_files(ledger.folder, _files_rewritten(ledger.folder).union(checksums))
        Rewriting(lake, run, subjects, related.affected, plan).rewrite()
    # Of a partition only what changed is another file now, and in what lies here now the look has found nobody else.
    _write_files(ledger.folder, _files_rewritten(ledger.folder) - _checksums(lake))
    _write_mark(lake, ledger, run.wall_clock())
    forget_plan(ledger.folder)
    return Applied(ledger, tuple(related.affected))


def _require_one_set_of_new_ids(lake: Lake, ledger: Ledger, keys: KeyRing, related: Related) -> None:
    """Refuse money under old ids where the lake has it under new ones, which nobody knows: it would count twice.

    A whole lake that was put back has an older mark, and gets one set of new ids.
    """
    settled = ErasedSubjects(keys, ledger.up_to(_mark(lake)).tokens)
    put_back = {one for one in related.stripe_ids if settled.holds("stripe", one)}
    days = [
        place(one.manifest)
        for one in related.affected
        if put_back and one.manifest.source == STRIPE
        if any(not put_back.isdisjoint(row_ids(one.manifest.table, row)) for row in stripe_rows(lake, one.manifest))
    ]
    if days:
        message = (
            f"{', '.join(days)} was put back from before an account was erased, and the other days hold its money "
            "under ids that nothing links: it would count twice. Put back that folder from a backup made after the "
            "erasure, or the whole lake from the older one, or delete the folder to go on without what it alone knew"
        )
        raise PermanentSourceError(message)


def _mark(lake: Lake) -> str | None:
    try:
        mark: str = json.loads((lake.root / MARKER_FILE).read_text(encoding="utf-8"))["ledger"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return mark


def _write_mark(lake: Lake, ledger: Ledger, at: datetime) -> None:
    lake.root.mkdir(parents=True, exist_ok=True)
    path = lake.root / MARKER_FILE
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps({"ledger": ledger.head, "applied_at": at.isoformat()}) + "\n", encoding="utf-8")
    sync(aside)
    aside.replace(path)
    sync(lake.root)


def _files_rewritten(folder: Path) -> frozenset[str]:
    path = folder / FILES_FILE
    return frozenset(path.read_text(encoding="utf-8").split()) if path.exists() else frozenset()


def _write_files(folder: Path, checksums: frozenset[str]) -> None:
    path = folder / FILES_FILE
    aside = path.with_suffix(".tmp")
    aside.write_text("".join(f"{one}\n" for one in sorted(checksums)), encoding="utf-8")
    sync(aside)
    aside.replace(path)


def _checksums(lake: Lake) -> set[str]:
    return {stamp.sha256 for manifest in read_manifests(lake) for stamp in manifest.files.values()}
