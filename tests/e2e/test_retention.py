"""The sample company without its oldest events: every published table but the conversations, byte for byte."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from uuid import uuid4

import pytest

from orchestration.lib.erasure import erase_from_lake, key_ring, request_of
from orchestration.lib.erasure_certificate import certify
from orchestration.lib.paths import DataLayout
from orchestration.lib.retention import Due, retain
from orchestration.settings import Settings
from serving.version import Version
from serving.versions import version_ids
from tests.e2e.conftest import AS_OF, Night
from tests.e2e.steps import build_and_publish, hashes, read_rows, session_of

# A conversation leaves with its events; everything else is of days, agents, accounts and money.
LOST = {"fct_conversations"}
OLDEST_DAY_KEPT = "2025-10-18"


@dataclass(frozen=True)
class Folded:
    """A night after which the events older than 400 days have left: what left, and what was published then."""

    settings: Settings
    left: Due
    version: Version

    @property
    def layout(self) -> DataLayout:
        return DataLayout(self.settings.data_dir)


@pytest.fixture(scope="module")
def folded(embedded_night: Night, tmp_path_factory: pytest.TempPathFactory) -> Folded:
    folder = tmp_path_factory.mktemp("folded")
    shutil.copytree(embedded_night.layout.lake, folder / "lake")
    shutil.copy(embedded_night.layout.company_marker, folder)
    settings = embedded_night.company.settings(folder, AS_OF).model_copy(update={"retention_events_days": 400})
    with session_of(settings) as session:
        left = retain(session, "retention")
    return Folded(settings, left, build_and_publish(settings))


def test_events_older_than_400_days__leave_and_every_other_table_stays_built_on_or_anew(
    embedded_night: Night, folded: Folded
) -> None:
    assert folded.left.event_days
    events = folded.layout.lake / "raw_app" / "events"
    assert min(path.name for path in events.iterdir()) == f"received_date={OLDEST_DAY_KEPT}"

    before, built_on = hashes(embedded_night.version), hashes(folded.version)
    assert {name for name in before if built_on[name] != before[name]} == LOST
    folded.layout.warehouse.unlink()
    assert hashes(build_and_publish(folded.settings, tested=False)) == built_on


def test_an_account_erased_after_its_events_have_left__takes_its_part_of_the_sums_along(folded: Folded) -> None:
    agent_days = "select * from marts.fct_agent_days"
    # Whose days have left, and whose subscriptions have all ended.
    ((account_id,),) = read_rows(
        folded.version.warehouse,
        "select account_id from marts.fct_agent_days join marts.dim_accounts using (account_id)"
        f" where status in ('churned', 'never_paid') and activity_date < date '{OLDEST_DAY_KEPT}'"
        " group by account_id order by count(*) desc, account_id limit 1",
    )
    others = read_rows(folded.version.warehouse, f"{agent_days} where account_id <> '{account_id}' order by all")
    with session_of(folded.settings) as session:
        request = request_of(key_ring(folded.settings), [], [str(account_id)])
        erase_from_lake(session, uuid4().hex, request)
        before = version_ids(folded.layout.published)
    after = build_and_publish(folded.settings)
    assert read_rows(after.warehouse, f"{agent_days} order by all") == others
    with session_of(folded.settings) as session:
        certificate = certify(session, request, before)
    assert certificate.found_afterwards == 0
    assert {"raw_folded.agent_days", "raw_folded.event_counts"} <= {table.table for table in certificate.tables}
