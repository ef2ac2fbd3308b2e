"""All marts out of the inputs, in one call.

Belongs here: which mart is computed of what. Does not: any rule.
"""

from __future__ import annotations

from tests.oracle.acquisition import activation_monthly, activation_rolling, blended, cac_monthly, fct_trials
from tests.oracle.channels import account_channels
from tests.oracle.clock import ReportingClock
from tests.oracle.dimensions import dim_accounts, dim_agents, dim_dates
from tests.oracle.history import histories
from tests.oracle.inputs import Inputs, Row
from tests.oracle.kpis import kpi_daily
from tests.oracle.ledger import account_histories, fct_mrr_movements
from tests.oracle.money import Rates
from tests.oracle.months import fct_mrr_account_months, mrr_daily
from tests.oracle.product import (
    conversation_quality_daily,
    fct_agent_days,
    fct_agent_ttfv,
    fct_conversations,
    ttfv_weekly,
    weekly_active_agents,
)
from tests.oracle.revenue import revenue_monthly
from tests.oracle.revenue_lines import fct_revenue_lines, revenue_mix_monthly
from tests.oracle.shares import churn_cohorts, plan_mix_monthly
from tests.oracle.spend import fct_spend_daily
from tests.oracle.stripe_books import StripeBooks
from tests.oracle.versions import versions_of


def compute_marts(inputs: Inputs) -> dict[str, list[Row]]:
    """Every mart by name, each a list of rows in no particular order."""
    marts = product_marts(inputs) | business_marts(inputs)
    return marts | {
        "kpi_daily": kpi_daily(inputs, marts),
        "dim_plans": [dict(row) for row in inputs.seeds.plans],
        "dim_channels": [dict(row) for row in inputs.seeds.channels],
        "dim_dates": dim_dates(ReportingClock.of(inputs), marts),
    }


def product_marts(inputs: Inputs) -> dict[str, list[Row]]:
    conversations = fct_conversations(inputs)
    agents = fct_agent_ttfv(inputs, conversations)
    agent_days = fct_agent_days(conversations)
    return {
        "fct_conversations": conversations,
        "fct_agent_ttfv": agents,
        "ttfv_weekly": ttfv_weekly(agents),
        "fct_agent_days": agent_days,
        "weekly_active_agents": weekly_active_agents(inputs, agent_days),
        "conversation_quality_daily": conversation_quality_daily(conversations),
        "dim_agents": dim_agents(inputs),
    }


def business_marts(inputs: Inputs) -> dict[str, list[Row]]:
    """Finance, acquisition and the dimension of accounts, which stand on one reading of Stripe."""
    clock, rates, channels = (
        ReportingClock.of(inputs),
        Rates(inputs.rates, inputs.reporting_currency),
        account_channels(inputs),
    )
    books = StripeBooks(inputs)
    versions = versions_of(books)
    accounts = account_histories(books, clock, histories(books, versions))
    account_months = fct_mrr_account_months(accounts, clock, rates, channels)
    spend = fct_spend_daily(inputs)
    trials = fct_trials(inputs, books, versions, channels)
    cac = cac_monthly(accounts, clock, spend, trials, channels)
    lines = fct_revenue_lines(books, clock, rates)
    return {
        "fct_mrr_movements": fct_mrr_movements(accounts, clock, rates),
        "fct_mrr_account_months": account_months,
        "mrr_daily": mrr_daily(accounts, clock, rates),
        "revenue_monthly": revenue_monthly(inputs, accounts, account_months, blended(cac)),
        "plan_mix_monthly": plan_mix_monthly(accounts, clock, rates),
        "fct_revenue_lines": lines,
        "revenue_mix_monthly": revenue_mix_monthly(lines),
        "churn_cohorts": churn_cohorts(accounts, clock, rates, lines),
        "fct_trials": trials,
        "activation_monthly": activation_monthly(inputs, trials),
        "activation_rolling": activation_rolling(inputs, trials),
        "fct_spend_daily": spend,
        "cac_monthly": cac,
        "dim_accounts": dim_accounts(inputs, books, accounts, trials, channels),
    }
