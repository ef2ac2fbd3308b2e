"""The last step: the audited marts become the version that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestration.lib.audit import require_audit
from orchestration.lib.erasure import drop_versions_with_the_erased
from orchestration.lib.session import RunSession

if TYPE_CHECKING:
    from serving.version import Version

VERSIONS_KEPT = 7


def publish_warehouse(session: RunSession, run_id: str, manifest: Mapping[str, Any]) -> Version:
    """Publish the warehouse with the metric definitions of `manifest` (dbt's manifest.json).

    Raises:
        RunFailedError: the warehouse has not passed gate 2 as it is.
    """
    from serving.catalog import definitions_from_manifest
    from serving.publish import publish

    session.progress.phase("Publishing")
    session.progress.doing("copying the marts into a fresh version")
    audit = require_audit(session.layout)
    version = publish(
        session.layout.warehouse,
        session.layout.published,
        run_id=run_id,
        run_instant=audit.run_instant,
        as_of_date=audit.as_of_date,
        definitions=definitions_from_manifest(manifest),
        published_at=session.clock(),
        keep=VERSIONS_KEPT,
    )
    session.progress.done(f"version {version.id}")
    drop_versions_with_the_erased(session)
    return version
