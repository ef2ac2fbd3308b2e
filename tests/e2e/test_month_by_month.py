"""The sample company read every 30 days, as Stripe, the app and the folders stood then: the marts equal the ledger.

No exceptions: what a single reading cannot show (see test_ledger) is in the events of the nights in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from ingestion.contract import RunContext
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.simulator.ledger import STRIPE_EVENT_DAYS, Cause, Ledger
from ingestion.simulator.world import World
from orchestration.lib.company import open_sources
from orchestration.lib.erasure import erased_subjects
from orchestration.settings import Settings
from tests.e2e.comparing import assert_same, published
from tests.e2e.conftest import AS_OF, Night, run_night
from tests.e2e.exact import ZERO, midnight, next_month
from tests.e2e.sources import Company, company_in_duckdb
from tests.e2e.steps import hashes, read_rows, session_of
from tests.e2e.truth.company import ROWS, CompanyTruth
from tests.e2e.truth.integrity import UNTOLD_CLAIMS

STEP = timedelta(days=STRIPE_EVENT_DAYS)
# One account, one agent and three bills: the rest of the ledger's bad rows are events.
BAD_ROWS_ELSEWHERE = 5
# What the cents of a bill may leave of a month, in EUR.
ROUNDED_CENTS = Decimal("0.02")


def nights_before(world: World) -> Iterator[datetime]:
    """Instants from the company's first month on, 30 days apart, before the last night."""
    instant = midnight(world.start) + STEP
    while instant < AS_OF:
        yield instant
        instant += STEP


def land_unguarded(settings: Settings) -> None:
    """Read all sources into the lake without gate 1: the last night goes through both gates for all of it."""
    with session_of(settings) as session:
        lake = Lake(session.layout.lake)
        run = RunContext(uuid4().hex, session.instant, session.clock, session.progress.doing)
        erased = erased_subjects(session)
        with open_sources(settings, session.layout, session.instant, session.progress, erased) as sources:
            batches = [batch for source in sources for batch in source.stage(lake, run)]
        for batch in batches:
            commit(lake, batch)


@pytest.fixture(scope="module")
def last_night(world: World, company: Company, tmp_path_factory: pytest.TempPathFactory) -> Night:
    data_dir = tmp_path_factory.mktemp("month_by_month")
    for number, instant in enumerate(nights_before(world)):
        folder: Path = tmp_path_factory.mktemp(f"night_{number}")
        with company_in_duckdb(world, folder, instant) as then:
            land_unguarded(then.settings(data_dir, instant))
    return run_night(company, data_dir)


@pytest.mark.parametrize("mart", ROWS)
def test_mart__read_in_time_equals_the_ledger_in_every_column(
    truth: CompanyTruth, last_night: Night, mart: str
) -> None:
    assert assert_same(truth.rows[mart], published(last_night.version.warehouse, mart))


def test_mrr_of_invoices__differs_from_the_ledger_only_until_the_next_bill(
    world: World, truth: CompanyTruth, last_night: Night
) -> None:
    compared = read_rows(
        last_night.layout.warehouse,
        """select cast(subject as date), compared_row, left_value, right_value
        from intermediate.int_integrity__mrr_invoiced""",
    )
    assert_same(
        ((row.mrr_month, row.account_id, row.mrr_billed_eur) for row in truth.recurring.months if row.mrr_billed_eur),
        ((month, account_id, reckoned) for month, account_id, reckoned, _ in compared if reckoned),
    )
    differing = [
        (month, account_id)
        for month, account_id, reckoned, billed in compared
        if abs(reckoned - billed) > ROUNDED_CENTS
    ]
    unexplained = [key for key in differing if not unbilled(world.ledger, key[1], midnight(next_month(key[0])))]
    assert unexplained == []
    assert 0 < len(differing) < len(compared) / 30


def unbilled(ledger: Ledger, account_id: str, end: datetime) -> set[Cause]:
    """Why an account's bills do not show what it holds at `end`: changed since, or a coupon that ended within a period.

    A coupon stops counting on its last day, but the bill before it gave its rebate for the whole period.
    """
    newest = {
        change.subscription_id: change
        for change in sorted(ledger.changes, key=lambda change: change.effective_at)
        if change.account_id == account_id and change.effective_at < end
    }
    return {
        change.cause
        for change in newest.values()
        if change.shown_from is None or change.shown_from >= end or change.cause is Cause.COUPON_END
    }


@pytest.mark.parametrize("claim", UNTOLD_CLAIMS)
def test_claim_that_no_truth_tells__is_reported_with_both_sides(last_night: Night, claim: str) -> None:
    reported = read_rows(
        last_night.version.warehouse,
        f"select left_value - right_value - difference, verdict from marts.integrity_report where name = '{claim}'",
    )
    assert reported
    assert {difference for difference, _ in reported} == {ZERO}
    assert {verdict for _, verdict in reported} <= {"holds", "published"}


def test_quarantine__counts_a_row_once_however_many_nights_saw_it(world: World, last_night: Night) -> None:
    events = read_manifests(Lake(last_night.layout.lake), "app", "events")
    assert len(events) > 600
    found = sum((Counter(manifest.quarantined_by_reason) for manifest in events), Counter())
    assert found == {reason: count for reason, count in world.ledger.quarantined.items() if reason in found}
    assert found.total() == sum(world.ledger.quarantined.values()) - BAD_ROWS_ELSEWHERE


def test_what_needs_no_history_of_stripe__is_the_same_however_often_it_was_read(
    last_night: Night, embedded_night: Night
) -> None:
    names = {
        "fct_conversations",
        "fct_agent_ttfv",
        "fct_agent_days",
        "weekly_active_agents",
        "ttfv_weekly",
        "conversation_quality_daily",
        "fct_spend_daily",
        "fct_revenue_lines",
        "fct_trials",
        "dim_agents",
    }
    in_steps, at_once = hashes(last_night.version), hashes(embedded_night.version)
    assert {name: in_steps[name] for name in names} == {name: at_once[name] for name in names}
