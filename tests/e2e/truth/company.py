"""The truth of a whole company in the shapes of its marts: every mart of METRICS 2, every column.

Belongs here: which truth stands for which mart, and what no truth can tell. Does not: reckoning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from ingestion.simulator.world import World
from tests.e2e.exact import ZERO, Rates, local_day, month_of
from tests.e2e.truth import acquisition, cohorts, dimensions, kpis, product, revenue, revenue_months
from tests.e2e.truth.integrity import Claims, Comparison
from tests.e2e.truth.recurring import AccountMonth, Movement, Recurring, last_day

SEEDS = Path(__file__).parents[3] / "dbt_project" / "seeds"
Row = Any

# Mart → its row: the fields are its columns.
ROWS: dict[str, type[Row]] = {
    "fct_conversations": product.Conversation,
    "fct_agent_ttfv": product.AgentTtfv,
    "ttfv_weekly": product.TtfvWeek,
    "fct_agent_days": product.AgentDay,
    "weekly_active_agents": product.ActiveDay,
    "conversation_quality_daily": product.QualityDay,
    "fct_mrr_movements": Movement,
    "fct_mrr_account_months": AccountMonth,
    "mrr_daily": revenue_months.MrrDay,
    "revenue_monthly": revenue_months.RevenueMonth,
    "plan_mix_monthly": revenue_months.PlanMonth,
    "fct_revenue_lines": revenue.RevenueRow,
    "revenue_mix_monthly": revenue.RevenueTypeMonth,
    "churn_cohorts": cohorts.CohortMonth,
    "fct_trials": acquisition.Trial,
    "activation_monthly": acquisition.ActivationMonth,
    "activation_rolling": acquisition.ActivationDay,
    "fct_spend_daily": acquisition.SpendDay,
    "cac_monthly": acquisition.CacMonth,
    "kpi_daily": kpis.Kpi,
    "kpi_targets": kpis.Target,
    "dim_accounts": dimensions.AccountRow,
    "dim_agents": dimensions.AgentRow,
    "dim_plans": dimensions.PlanRow,
    "dim_channels": dimensions.ChannelRow,
    "dim_dates": dimensions.DateRow,
    "integrity_report": Comparison,
}
# Columns that no truth tells.
UNTOLD = {
    (
        "integrity_report",
        "compared",
    ): "the equation in words, which is the project's own text and no fact of the company",
}


@dataclass(frozen=True)
class CompanyTruth:
    """A company up to its end, with recurring revenue as it is (or as it can be read) at its finest grain."""

    world: World
    rates: Rates
    recurring: Recurring
    pseudonym_key: str

    @property
    def as_of_date(self) -> date:
        return last_day(self.world.end)

    @cached_property
    def rows(self) -> Mapping[str, list[Row]]:
        """Mart → its rows."""
        ledger, end, today = self.world.ledger, self.world.end, self.as_of_date
        movements, months = self.recurring.movements, self.recurring.months
        talks = list(product.conversations(self.world, self.pseudonym_key))
        agents = list(product.agents(self.world))
        agent_days = product.agent_days(talks)
        active, quality = list(product.active_days(agent_days, today)), list(product.quality_days(talks))
        lines = list(revenue.revenue_lines(ledger, self.rates, end))
        trials = list(acquisition.trials(ledger, today))
        spend = list(acquisition.spend_days(ledger, self.rates, today))
        spent: dict[date, Decimal] = defaultdict(lambda: ZERO)
        for day in spend:
            spent[month_of(day.spend_date)] += day.spend_eur
        scores: dict[date, Decimal] = defaultdict(Decimal)
        for talk in talks:
            scores[talk.started_date] += talk.quality_score or 0
        mrr_days = list(revenue_months.mrr_days(movements, self.rates, today))
        monthly = list(revenue_months.revenue_months(self.recurring, spent, end))
        facts = kpis.Facts(
            {day.date: day for day in mrr_days},
            {month.revenue_month: month for month in monthly},
            {day.activity_date: day for day in active},
            {day.activity_date: day for day in quality},
            scores,
            agents,
            trials,
        )
        targets = kpis.read_targets(SEEDS / "kpi_targets.csv")
        first_facts = [
            *(talk.started_date for talk in talks),
            *(local_day(agent.created_at) for agent in agents),
            *(day.spend_date for day in spend),
            *(local_day(trial.trial_started_at) for trial in trials),
            *(movement.effective_date for movement in movements),
            *(line.revenue_date for line in lines),
        ]
        rows: dict[str, list[Row]] = {
            "fct_conversations": [*talks],
            "fct_agent_ttfv": [*agents],
            "ttfv_weekly": [*product.ttfv_weeks(agents)],
            "fct_agent_days": [*agent_days],
            "weekly_active_agents": [*active],
            "conversation_quality_daily": [*quality],
            "fct_mrr_movements": [*movements],
            "fct_mrr_account_months": [*months],
            "mrr_daily": [*mrr_days],
            "revenue_monthly": [*monthly],
            "plan_mix_monthly": [*revenue_months.plan_months(months)],
            "fct_revenue_lines": [*lines],
            "revenue_mix_monthly": [*revenue.revenue_mix(lines)],
            "churn_cohorts": [*cohorts.churn_cohorts(self.recurring, lines, end)],
            "fct_trials": [*trials],
            "activation_monthly": [*acquisition.activation_months(trials)],
            "activation_rolling": [*acquisition.activation_days(trials, today)],
            "fct_spend_daily": [*spend],
            "cac_monthly": [*acquisition.cac_months(ledger, spend, trials, movements)],
            "kpi_daily": [*kpis.kpis(facts, targets, today)],
            "kpi_targets": [*targets],
            "dim_accounts": [*dimensions.accounts(ledger, self.recurring, end, today)],
            "dim_agents": [*dimensions.agents(ledger)],
            "dim_plans": [*dimensions.plans()],
            "dim_channels": [*dimensions.channels()],
            "dim_dates": [*dimensions.dates(first_facts, today)],
        }
        claims = Claims(ledger, self.recurring, rows, self.world.events.num_rows, end)
        return rows | {"integrity_report": [*claims.comparisons()]}
