"""The sample company through PostgreSQL and HTTP into a published version: every mart equals the simulator's ledger.

Twenty months read once, so recurring revenue older than Stripe's 30 days of events is known by invoices alone. What
those cannot show (one_reading names the causes) may differ by account, and nowhere else: all sums must follow from it.
test_month_by_month shows that nothing differs when the same company is read in time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.simulator.world import World
from tests.e2e.comparing import assert_same, published
from tests.e2e.conftest import AS_OF, Night
from tests.e2e.one_reading import OneReading
from tests.e2e.steps import read_rows
from tests.e2e.truth.company import ROWS, CompanyTruth
from tests.e2e.truth.recurring import Recurring, month_ends


@pytest.fixture(scope="module")
def read(postgres_night: Night) -> Recurring:
    """Recurring revenue by account, as the night read it."""
    committed = read_rows(
        postgres_night.layout.warehouse,
        """select account_id, revenue_month, sum(mrr_committed_eur) from intermediate.int_mrr__month_balances
        group by all having sum(mrr_committed_eur) <> 0""",
    )
    marts = postgres_night.version.warehouse
    movements, months = published(marts, "fct_mrr_movements"), published(marts, "fct_mrr_account_months")
    return Recurring(movements, months, {(account_id, month): mrr for account_id, month, mrr in committed})


@pytest.fixture(scope="module")
def truth_as_read(world: World, truth: CompanyTruth, read: Recurring) -> CompanyTruth:
    first = min(movement.effective_date for movement in truth.recurring.movements)
    reading = OneReading(world.ledger, AS_OF, month_ends(first, world.end))
    return replace(truth, recurring=reading.of(truth.recurring, read))


@pytest.mark.parametrize("mart", ROWS)
def test_mart__equals_the_ledger_in_every_column_that_one_reading_can_show(
    truth_as_read: CompanyTruth, postgres_night: Night, mart: str
) -> None:
    assert assert_same(truth_as_read.rows[mart], published(postgres_night.version.warehouse, mart))


def test_what_one_reading_cannot_show__is_little(truth: CompanyTruth, read: Recurring) -> None:
    for told, found in ((truth.recurring.movements, read.movements), (truth.recurring.months, read.months)):
        assert 0 < len(set(told) - set(found)) < len(told) / 8


def test_quarantine__holds_what_the_ledger_says_is_bad_and_nothing_else(world: World, postgres_night: Night) -> None:
    # The ledger names rows of tables other than events by their table, and all unreadable bills alike.
    named = {"accounts": "accounts: {}", "agents": "agents: {}", "events": "{}", "costs": "spend row unreadable"}
    found: Counter[str] = Counter()
    for manifest in read_manifests(Lake(postgres_night.layout.lake)):
        assert manifest.source_rows == manifest.landed_rows + manifest.quarantined_rows
        for reason, count in manifest.quarantined_by_reason.items():
            found[named[manifest.table].format(reason)] += count
    assert found == world.ledger.quarantined
