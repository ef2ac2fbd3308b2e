"""The sample company through PostgreSQL and HTTP into a published version: the marts equal the simulator's ledger.

Twenty months read once, so recurring revenue older than Stripe's 30 days of events is known by invoices alone. What
those cannot show may differ for the causes listed here only; test_month_by_month shows that nothing differs when
the same company is read in time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple
from pathlib import Path

import pytest

from ingestion.lake import Lake
from ingestion.landing import read_manifests
from ingestion.simulator.ledger import Cause
from ingestion.simulator.world import World
from tests.e2e import money_truth, product_truth
from tests.e2e.comparing import Visibility, assert_same
from tests.e2e.conftest import AS_OF, AS_OF_DATE, Night
from tests.e2e.exact import INSTANT, Rates
from tests.e2e.mrr_truth import AccountMonth, Movement, MrrTruth, columns
from tests.e2e.sources import PSEUDONYM_KEY
from tests.e2e.steps import read_rows

# What no invoice tells at its own instant: collection paused and resumed, an invoice that stays unpaid or is paid late,
# a change that is not prorated or takes an item away, a coupon given or taken back between two invoices.
UNSEEN = {
    Cause.PAUSE,
    Cause.RESUME,
    Cause.UNPAID,
    Cause.RECOVERED,
    Cause.SEAT_CHANGE,
    Cause.UPGRADE,
    Cause.DOWNGRADE,
    Cause.COUPON_START,
    Cause.COUPON_END,
}


@pytest.fixture(scope="module")
def rates(postgres_night: Night) -> Rates:
    return Rates.of(postgres_night.company.rates)


@pytest.fixture(scope="module")
def truth(world: World, rates: Rates) -> MrrTruth:
    return MrrTruth(world.ledger, rates, world.end)


@pytest.fixture(scope="module")
def marts(postgres_night: Night) -> Path:
    return postgres_night.version.warehouse


def test_mrr_movements__equal_the_ledger_wherever_one_reading_can_show_them(
    world: World, truth: MrrTruth, marts: Path
) -> None:
    told = {astuple(movement) for movement in truth.movements()}
    published = set(read_rows(marts, f"select {columns(Movement)} from marts.fct_mrr_movements"))
    visibility = Visibility(world.ledger, AS_OF)
    unseen: Counter[Cause | None] = Counter()
    wrong = []
    for row in sorted(told ^ published):
        account_id, _, instant, *_ = row
        cause = visibility.hiding(account_id, instant)
        if visibility.shows(account_id, instant) or cause not in UNSEEN:
            wrong.append(("true" if row in told else "published", row, cause))
        unseen[cause] += 1
    print(f"{len(told & published)} movements equal; told late or never, by cause: {dict(unseen)}")  # noqa: T201
    assert not wrong, "\n".join(str(entry) for entry in wrong[:20])
    assert len(told & published) > 250
    assert len(told - published) < len(told) / 8


def test_mrr_account_months__equal_the_ledger_wherever_one_reading_can_show_them(
    world: World, truth: MrrTruth, marts: Path
) -> None:
    told = {astuple(row) for row in truth.account_months()}
    published = set(read_rows(marts, f"select {columns(AccountMonth)} from marts.fct_mrr_account_months"))
    visibility = Visibility(world.ledger, AS_OF)
    ends = dict(truth.month_ends())
    unseen: Counter[Cause | None] = Counter()
    wrong = []
    for row in sorted(told ^ published, key=str):
        account_id, month, *_ = row
        starts = [end for end in ends.values() if end < ends[month]][-1:]
        moments = [ends[month] - INSTANT, *(start - INSTANT for start in starts)]
        causes = {visibility.hiding(account_id, moment) for moment in moments} - {None}
        if all(visibility.shows(account_id, moment) for moment in moments) or not causes or not causes <= UNSEEN:
            wrong.append(("true" if row in told else "published", row, causes))
        unseen.update(causes)
    print(f"{len(told & published)} account months equal; told late or never, by cause: {dict(unseen)}")  # noqa: T201
    assert not wrong, "\n".join(str(entry) for entry in wrong[:20])
    assert len(told & published) > 1200
    assert len(told - published) < len(told) / 8


def test_conversations__equal_the_ledger_in_every_column(world: World, marts: Path) -> None:
    published = read_rows(
        marts,
        """select conversation_id, agent_id, account_id, visitor_token, started_at, started_date, ended_at,
        duration_seconds, message_count, visitor_message_count, agent_message_count, lead_count, has_lead,
        rated_response_count, accurate_response_count, quality_score from marts.fct_conversations""",
    )
    assert assert_same(product_truth.conversations(world, PSEUDONYM_KEY), published) > 20_000


def test_agents__have_the_time_to_first_value_of_the_ledger(world: World, marts: Path) -> None:
    published = read_rows(
        marts,
        """select agent_id, account_id, created_at, created_week, first_conversation_at, ttfv_hours, is_within_target
        from marts.fct_agent_ttfv""",
    )
    assert assert_same(product_truth.agents(world), published) > 300


def test_agent_days_and_weekly_active_agents__equal_the_ledgers_days(world: World, marts: Path) -> None:
    days = read_rows(
        marts,
        """select agent_id, activity_date, account_id, conversation_count, message_count, lead_count
        from marts.fct_agent_days""",
    )
    assert_same(((*key, *counts) for key, counts in product_truth.agent_days(world).items()), days)
    weeks = read_rows(
        marts,
        """select activity_date, active_agents, conversation_count, conversations_per_active_agent
        from marts.weekly_active_agents""",
    )
    assert assert_same(product_truth.weekly_active(world, AS_OF_DATE), weeks) > 500


def test_trials__equal_the_ledger(world: World, marts: Path) -> None:
    published = read_rows(
        marts,
        """select account_id, trial_started_at, cohort_month, trial_ends_at, converted_at, is_converted,
        days_to_convert, is_matured from marts.fct_trials""",
    )
    assert assert_same(money_truth.trials(world, AS_OF_DATE), published) > 500


def test_spend__equals_the_ledger_for_every_day_channel_and_vendor(world: World, rates: Rates, marts: Path) -> None:
    published = read_rows(
        marts,
        """select spend_date, channel, vendor, spend_eur, clicks, impressions, conversions_reported
        from marts.fct_spend_daily""",
    )
    told = money_truth.spend(world, rates, AS_OF_DATE)
    assert assert_same(((*key, *values) for key, values in told.items()), published) > 1000


def test_spend__of_the_newest_files_is_what_the_ledger_calls_final(world: World) -> None:
    final = Counter({(e.spend_date, e.currency): e.amount for e in world.ledger.spend if e.vendor == money_truth.ADS})
    read: Counter[tuple[object, str]] = Counter()
    for ad in money_truth.newest_ads(world, AS_OF_DATE):
        read[ad.day, ad.currency] += money_truth.in_major_units(ad)
    assert read == final


def test_revenue__equals_the_ledger_for_every_invoice_credit_and_refund_by_type(world: World, marts: Path) -> None:
    published = read_rows(
        marts,
        """select invoice_id, line_kind, revenue_type, revenue_date, account_id, currency, sum(amount)
        from marts.fct_revenue_lines group by all having sum(amount) <> 0""",
    )
    told = money_truth.revenue(world)
    assert {kind for _, kind, *_ in told} == {"charge", "credit_note", "refund"}
    assert assert_same(((*key, amount) for key, amount in told.items()), published) > 1500


def test_revenue__is_converted_line_by_line_at_the_rate_of_its_day(rates: Rates, marts: Path) -> None:
    lines = read_rows(
        marts, "select revenue_line_id, currency, revenue_date, amount, amount_eur from marts.fct_revenue_lines"
    )
    assert {currency for _, currency, *_ in lines} >= {"EUR", "USD", "GBP", "JPY"}
    assert_same(
        ((line, rates.eur(amount, currency, day)) for line, currency, day, amount, _ in lines),
        ((line, amount_eur) for line, *_, amount_eur in lines),
    )


def test_quarantine__holds_what_the_ledger_says_is_bad_and_nothing_else(world: World, postgres_night: Night) -> None:
    # The ledger names rows of tables other than events by their table, and all unreadable bills alike.
    named = {"accounts": "accounts: {}", "agents": "agents: {}", "events": "{}", "costs": "spend row unreadable"}
    found: Counter[str] = Counter()
    for manifest in read_manifests(Lake(postgres_night.layout.lake)):
        assert manifest.source_rows == manifest.landed_rows + manifest.quarantined_rows
        for reason, count in manifest.quarantined_by_reason.items():
            found[named[manifest.table].format(reason)] += count
    assert found == world.ledger.quarantined


def test_events_set_aside__are_the_ledgers_duplicates_and_orphans(world: World, postgres_night: Night) -> None:
    aside = dict(
        read_rows(postgres_night.layout.warehouse, "select reason, event_count from intermediate.int_events__set_aside")
    )
    assert aside["duplicate"] == world.ledger.duplicates
    assert aside["no_start"] == world.ledger.set_aside["conversation never started"]
    assert aside.keys() == {"duplicate", "no_start", "test", "unused"}
