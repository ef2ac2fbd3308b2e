"""All marts out of the inputs, in one call.

Belongs here: which mart is computed of what. Does not: any rule.
"""

from __future__ import annotations

from tests.oracle.channels import account_channels
from tests.oracle.clock import ReportingClock
from tests.oracle.history import histories
from tests.oracle.inputs import Inputs, Row
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
from tests.oracle.stripe_books import StripeBooks
from tests.oracle.versions import versions_of


def compute_marts(inputs: Inputs) -> dict[str, list[Row]]:
    """Every mart by name, each a list of rows in no particular order."""
    return product_marts(inputs) | finance_marts(inputs)


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
    }


def finance_marts(inputs: Inputs) -> dict[str, list[Row]]:
    clock = ReportingClock.of(inputs)
    rates = Rates(inputs.rates, inputs.reporting_currency)
    books = StripeBooks(inputs)
    accounts = account_histories(books, clock, histories(books, versions_of(books)))
    account_months = fct_mrr_account_months(accounts, clock, rates, account_channels(inputs))
    return {
        "fct_mrr_movements": fct_mrr_movements(accounts, clock, rates),
        "fct_mrr_account_months": account_months,
        "mrr_daily": mrr_daily(accounts, clock, rates),
        "revenue_monthly": revenue_monthly(accounts, clock, rates, account_months, {}, inputs.gross_margin),
    }
