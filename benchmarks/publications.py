"""A new version of the same marts, as a night would publish it while somebody reads.

Belongs here: publishing again. Does not: when, and what is measured meanwhile.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from orchestration.lib.paths import DataLayout
from serving.publish import publish
from serving.versions import current


def publish_again(layout: DataLayout) -> str:
    """Publish the warehouse as it is once more, a second or more after the version before; returns the new id."""
    version = current(layout.published)
    assert version is not None
    return publish(
        layout.warehouse,
        layout.published,
        run_id=f"after-{version.id}",
        run_instant=version.run_instant,
        as_of_date=version.as_of_date,
        definitions=json.loads(version.catalog.read_text(encoding="utf-8")),
        published_at=max(datetime.now(UTC), version.published_at + timedelta(seconds=1)),
    ).id
