"""The sample company without its oldest events: every published table but the conversations, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestration.lib.retention import retain
from tests.e2e.conftest import AS_OF, Night
from tests.e2e.steps import build_and_publish, hashes, session_of

# A conversation leaves with its events; everything else is of days, agents, accounts and money.
LOST = {"fct_conversations"}


def test_events_older_than_400_days__leave_and_every_other_table_stays_built_on_or_anew(
    embedded_night: Night, tmp_path: Path
) -> None:
    shutil.copytree(embedded_night.layout.lake, tmp_path / "lake")
    shutil.copy(embedded_night.layout.company_marker, tmp_path)
    settings = embedded_night.company.settings(tmp_path, AS_OF).model_copy(update={"retention_events_days": 400})
    with session_of(settings) as session:
        left = retain(session, "retention")
    assert left.event_days
    assert not [day for day in left.event_days if (tmp_path / f"lake/raw_app/events/received_date={day}").exists()]

    before = hashes(embedded_night.version)
    built_on = hashes(build_and_publish(settings))
    assert {name for name in before if built_on[name] != before[name]} == LOST
    (tmp_path / "warehouse" / "netvexa.duckdb").unlink()
    assert hashes(build_and_publish(settings)) == built_on
