"""The guards that reckon a mart a second time: silent on every honest company, loud on every planted fault.

Belongs here: that each of dbt's blocking tests of numbers (dbt_project/tests, `equals`, `quotient_of`) can fail, and
does not without a reason. Does not belong here: which faults get past all guards together (tests/mutation).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

from tests.mutation.company import company
from tests.oracle.inputs import AppSnapshot, Inputs, StripeNight
from tests.oracle.seeds import project_seeds
from tests.oracle.warehouse import INSTANT, LAKE, CompiledProject, Warehouse, compile_project
from tests.oracle.worlds import whole_worlds

# What breaks each test of dbt_project/tests that reckons a mart again.
FAULTS = {
    "accounts_are_those_of_app_and_stripe": "delete from marts.dim_accounts where account_id = 'acc_02'",
    "account_months_are_the_ledger_at_their_ends": "update marts.fct_mrr_account_months set mrr_billed_eur = 1",
    "active_agents_spoke_within_seven_days": "update marts.weekly_active_agents set active_agents = active_agents + 1",
    "activation_months_are_their_trials": "update marts.activation_monthly set converted_count = converted_count + 1",
    "agent_days_are_their_conversations": "update marts.fct_agent_days set activity_date = activity_date + 1",
    "agents_are_those_of_the_app": "delete from marts.dim_agents where agent_id like '%_1'",
    "cohorts_are_their_accounts": "update marts.churn_cohorts set cumulative_revenue_eur = cumulative_revenue_eur + 1",
    "conversations_are_what_their_events_tell": "update marts.fct_conversations set visitor_token = null",
    "costs_of_acquisition_are_spend_trials_and_first_payers": "update marts.cac_monthly set trial_count = 99",
    "daily_mrr_is_the_ledger_of_each_day": "update marts.mrr_daily set mrr_eur = mrr_eur + 1 where day(date) = 15",
    "dates_begin_with_the_first_fact": "delete from marts.dim_dates where month = date '2025-07-01'",
    "dimensions_are_their_seeds": "update marts.dim_plans set list_price_eur = 98 where plan = 'starter'",
    "first_values_are_the_first_conversations": "update marts.fct_agent_ttfv set first_conversation_at = null",
    "folded_days_lie_before_the_run": (
        "insert into staging.stg_folded__days values ('2099-01-01', 0, 'Europe/Berlin', '40/30/30')"
    ),
    "folded_days_were_summed_with_these_settings": (
        "insert into staging.stg_folded__days values ('2024-01-01', 0, 'America/New_York', '40/30/30')"
    ),
    "headline_is_what_the_marts_say": "update marts.kpi_daily set previous_value = 1 where metric = 'arr_eur'",
    "mixes_are_their_accounts_and_lines": "update marts.revenue_mix_monthly set amount_eur = amount_eur + 1",
    "movements_are_called_by_their_accounts_balance": "update marts.fct_mrr_movements set mrr_delta_eur = 1",
    "movements_are_the_items_that_stand": "update marts.fct_mrr_movements set mrr_after = mrr_after + 1",
    "plans_are_those_of_the_largest_item": "update marts.fct_mrr_movements set plan = 'other' where plan = 'starter'",
    "quality_days_are_their_conversations": "update marts.conversation_quality_daily set avg_quality_score = 1",
    "report_tells_every_comparison": "delete from marts.integrity_report where identity = '3.4'",
    "revenue_lines_are_stripes_own": "update marts.fct_revenue_lines set service_end_date = service_end_date + 1",
    "revenue_months_are_their_accounts": "update marts.revenue_monthly set committed_mrr_eur = committed_mrr_eur + 1",
    "rolling_activation_is_its_trials": "update marts.activation_rolling set conversions_30d = conversions_30d + 1",
    "spend_days_are_their_bills": "update marts.fct_spend_daily set clicks = clicks + 1",
    "trials_are_what_app_and_stripe_tell": "update marts.fct_trials set trial_ends_at = trial_ends_at + interval 1 day",
    "weeks_of_agents_are_their_agents": "update marts.ttfv_weekly set p90_ttfv_hours = p90_ttfv_hours + 1",
    # Older than the second reckonings, and of the same kind.
    "daily_mrr_begins_with_the_ledger_and_has_every_day": "delete from marts.mrr_daily where day(date) = 15",
    "every_identity_holds": "update marts.integrity_report set verdict = 'differs'",
    "movements_chain_from_balance_to_balance": "update marts.fct_mrr_movements set mrr_before = mrr_before + 1",
}
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Guard:
    """A blocking data test of a number. mart, column: of a test that stands beside a column, else empty."""

    name: str
    query: str
    mart: str
    column: str


@dataclass(frozen=True)
class GuardedProject:
    """The compiled project, a folder for its worlds, and the guards."""

    warehouse: Warehouse
    scratch: Path
    guards: tuple[Guard, ...]

    def failing(self, world: Inputs, connection: duckdb.DuckDBPyConnection, guards: tuple[Guard, ...]) -> list[str]:
        """Names of the guards that find a row, over a world that is built."""
        return [guard.name for guard in guards if connection.execute(self._found(guard, world)).fetchone()]

    def _found(self, guard: Guard, world: Inputs) -> str:
        # The newest world's lake: a connection is asked before the next world is built.
        lake = max(self.scratch.glob("world-*"), key=lambda folder: int(folder.name.removeprefix("world-")))
        query = guard.query.replace(LAKE, str(lake)).replace(INSTANT, world.run_at.isoformat())
        return f"select 1 from ({query}) as found limit 1"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> GuardedProject:
    scratch = tmp_path_factory.mktemp("guards")
    compiled: CompiledProject = compile_project(scratch)
    nodes = json.loads((scratch / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    worlds = scratch / "worlds"
    return GuardedProject(Warehouse(compiled, worlds, compiled.marts), worlds, tuple(_guards(nodes)))


def _guards(nodes: Any) -> Iterator[Guard]:
    for node in nodes:
        if node["resource_type"] != "test" or node["config"]["severity"].lower() != "error":
            continue
        metadata = node.get("test_metadata")
        if metadata is None:
            yield Guard(node["name"], node["compiled_code"], "", "")
        elif metadata["name"] in ("equals", "quotient_of"):
            mart = node["attached_node"].split(".")[2]
            yield Guard(node["name"], node["compiled_code"], mart, node["column_name"])


def test_guards__every_test_of_the_project_has_a_planted_fault(project: GuardedProject) -> None:
    assert {guard.name for guard in project.guards if not guard.mart} == set(FAULTS)


def test_guards__a_planted_fault_is_found_and_a_sound_company_has_none(project: GuardedProject) -> None:
    world = company()
    silent = []
    with project.warehouse.built(world) as marts:
        assert project.failing(world, marts, project.guards) == []
        for guard in project.guards:
            marts.execute("begin")
            marts.execute(_fault(marts, guard))
            if not project.failing(world, marts, (guard,)):
                silent.append(guard.name)
            marts.execute("rollback")
    assert silent == []


def _fault(marts: duckdb.DuckDBPyConnection, guard: Guard) -> str:
    if not guard.mart:
        return FAULTS[guard.name]
    types = marts.execute(f"select typeof({guard.column}) from marts.{guard.mart} limit 1").fetchone()
    assert types is not None
    other = f"not {guard.column}" if types[0] == "BOOLEAN" else f"{guard.column} + 1"
    return f"update marts.{guard.mart} set {guard.column} = {other}"


def test_guards__are_silent_on_a_company_of_nothing_and_of_one_account(project: GuardedProject) -> None:
    account = {"id": "a1", "created_at": NOW - timedelta(days=40), "country": "DE"}
    agent = {"id": "g1", "account_id": "a1", "created_at": NOW - timedelta(days=39), "deleted_at": None}
    for accounts, agents in (((), ()), ((account,), ()), ((account,), (agent,))):
        world = Inputs(
            run_at=NOW,
            app=[AppSnapshot(NOW, accounts, agents)],
            app_events=(),
            nights=[StripeNight(NOW, {}, ())],
            google_ads=(),
            costs=(),
            rates=(),
            seeds=project_seeds(),
        )
        with project.warehouse.built(world) as marts:
            assert project.failing(world, marts, project.guards) == []


def test_guards__are_silent_on_companies_by_chance(project: GuardedProject) -> None:
    # The same ones every time: a test that fails tonight fails again tomorrow.
    @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(whole_worlds())
    def silent(world: Inputs) -> None:
        with project.warehouse.built(world) as marts:
            assert project.failing(world, marts, project.guards) == []

    silent()
