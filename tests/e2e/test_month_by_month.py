"""The sample company read every 30 days, as Stripe, the app and the folders stood then: the marts equal the ledger.

No exceptions: what a single reading cannot show (see test_ledger) is in the events of the nights in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from ingestion.contract import RunContext
from ingestion.lake import Lake
from ingestion.landing import commit, read_manifests
from ingestion.simulator.ledger import STRIPE_EVENT_DAYS
from ingestion.simulator.world import World
from orchestration.lib.company import open_sources
from orchestration.settings import Settings
from tests.e2e.comparing import assert_same
from tests.e2e.conftest import AS_OF, Night, run_night
from tests.e2e.exact import Rates, midnight
from tests.e2e.mrr_truth import AccountMonth, Movement, MrrTruth, columns
from tests.e2e.sources import Company, company_in_duckdb
from tests.e2e.steps import hashes, read_rows, session_of

STEP = timedelta(days=STRIPE_EVENT_DAYS)
# One account, one agent and three bills: the rest of the ledger's bad rows are events.
BAD_ROWS_ELSEWHERE = 5


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
        with open_sources(settings, session.layout, session.instant, session.progress) as sources:
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


@pytest.fixture(scope="module")
def truth(world: World, company: Company) -> MrrTruth:
    return MrrTruth(world.ledger, Rates.of(company.rates), world.end)


def test_mrr_movements__read_in_time_equal_the_ledger_everywhere(truth: MrrTruth, last_night: Night) -> None:
    published = read_rows(last_night.version.warehouse, f"select {columns(Movement)} from marts.fct_mrr_movements")
    assert assert_same((astuple(movement) for movement in truth.movements()), published) > 250


def test_mrr_account_months__read_in_time_equal_the_ledger_everywhere(truth: MrrTruth, last_night: Night) -> None:
    published = read_rows(
        last_night.version.warehouse, f"select {columns(AccountMonth)} from marts.fct_mrr_account_months"
    )
    assert assert_same((astuple(row) for row in truth.account_months()), published) > 1200


def test_mrr__read_in_time_has_nothing_inferred(last_night: Night) -> None:
    inferred = read_rows(last_night.version.warehouse, "select * from marts.fct_mrr_movements where is_inferred")
    assert inferred == []


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
