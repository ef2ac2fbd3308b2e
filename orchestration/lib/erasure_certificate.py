"""The certificate of an erasure: what left, what was dropped, and that nothing was found afterwards. By tokens alone.

Belongs here: its content, its file, and clearing what may hold a trace before it is issued. Does not: printing it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.failures import RunFailedError
from orchestration.lib.erasure import Request, TableErasure, erased_rows, erased_subjects
from orchestration.lib.erasure_scan import find_erased
from orchestration.lib.session import RunSession


@dataclass(frozen=True)
class Certificate:
    """What an erasure did. `ledger`: the hash of the ledger's newest line. `sha256`: over everything but itself."""

    request_id: str
    issued_at: datetime
    tokens: tuple[str, ...]
    tables: tuple[TableErasure, ...]
    versions_dropped: int
    version: str
    evidence_removed: tuple[str, ...]
    found_afterwards: int
    ledger: str
    sha256: str = ""

    def to_json(self) -> str:
        """Indented JSON, instants in ISO 8601, UTC."""
        document = {**asdict(self), "issued_at": self.issued_at.astimezone(UTC).isoformat()}
        return json.dumps(document, indent=2) + "\n"


def certify(session: RunSession, request: Request, versions_before: Sequence[str]) -> Certificate:
    """Look through the whole data directory, and write the certificate if nobody erased is found.

    Evidence of earlier runs (logs, data docs, the records of dbt and Dagster) in which somebody is found is removed.
    versions_before: ids of the versions that were there before the erasure.

    Raises:
        RunFailedError: somebody is still named in a file that is nobody's evidence; the message names the files.
    """
    from ingestion.erasure.ledger import Ledger
    from serving.versions import current_id, version_ids

    layout = session.layout
    subjects = erased_subjects(session)
    left = find_erased(layout, subjects, request.typed)
    removed = _remove_evidence(session, left)
    if removed:
        left = find_erased(layout, subjects, request.typed)
    if left:
        files = ", ".join(str(path.relative_to(layout.root)) for path in left)
        raise RunFailedError(
            f"somebody who was erased is still named in {files}. Remove these files or close what writes them, then "
            "give the same command again: it goes on from here"
        )
    session.progress.done("nothing is left of those who were erased")
    remaining = version_ids(layout.published)
    certificate = Certificate(
        request_id=request.id,
        issued_at=session.clock(),
        tokens=tuple(sorted(token for tokens in request.tokens.values() for token in tokens)),
        tables=tuple(erased_rows(layout, request.id)),
        versions_dropped=len(set(versions_before) - set(remaining)),
        version=current_id(layout.published) or "",
        evidence_removed=tuple(str(path.relative_to(layout.root)) for path in removed),
        found_afterwards=0,
        ledger=Ledger.read(layout.erasures).head,
    )
    signed = hashlib.sha256(certificate.to_json().encode()).hexdigest()
    return _written(layout.erasures / "certificates", certificate, signed)


def _remove_evidence(session: RunSession, found: Sequence[Path]) -> list[Path]:
    """Of runs the whole folder, of logs and dbt the file, of Dagster all: no number is made of any of them.

    Dagster's databases keep freed bytes as any database does, and the next start makes its home anew.
    """
    layout = session.layout
    removed: list[Path] = []
    for path in found:
        if layout.runs in path.parents:
            removed.append(layout.runs / path.relative_to(layout.runs).parts[0])
        elif layout.logs in path.parents or layout.dbt_target in path.parents:
            removed.append(path)
        elif layout.dagster_home in path.parents:
            removed.append(layout.dagster_home)
    for path in sorted(set(removed)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sorted(set(removed))


def _written(folder: Path, certificate: Certificate, sha256: str) -> Certificate:
    signed = Certificate(**{**certificate.__dict__, "sha256": sha256})
    folder.mkdir(parents=True, exist_ok=True)
    # What was certified once stays so: the same request given again gets another.
    path = folder / f"{signed.request_id}-{signed.issued_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.json"
    aside = path.with_suffix(".tmp")
    aside.write_text(signed.to_json(), encoding="utf-8")
    aside.replace(path)
    return signed
