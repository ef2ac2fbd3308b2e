"""Accounts by the month they began to pay in: who is left, and what they brought.

Belongs here: churn_cohorts as METRICS 2.2 says, out of movements, account months and revenue lines. Does not: those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from tests.e2e.exact import ZERO, month_of, quotient, ratio
from tests.e2e.truth.recurring import Recurring, last_day, month_ends
from tests.e2e.truth.revenue import RevenueRow
from tests.e2e.truth.revenue_months import first_movements


class CohortMonth(NamedTuple):
    """A row of churn_cohorts."""

    cohort_month: date
    months_since: int
    cohort_accounts: int
    retained_accounts: int
    retention_ratio: Decimal | None
    churned_accounts: int
    churn_ratio: Decimal | None
    retained_mrr_eur: Decimal
    mrr_retention_ratio: Decimal | None
    cumulative_revenue_eur: Decimal
    cumulative_revenue_per_account_eur: Decimal | None


def churn_cohorts(recurring: Recurring, revenue: Iterable[RevenueRow], end: datetime) -> Iterator[CohortMonth]:
    """Every cohort, every month from its own to that of the end."""
    cohorts: dict[date, set[str]] = defaultdict(set)
    for account_id, first in first_movements(recurring.movements).items():
        cohorts[month_of(first.effective_date)].add(account_id)
    held: dict[date, dict[str, Decimal]] = defaultdict(dict)
    for row in recurring.months:
        if row.movement_type != "churn":
            held[row.mrr_month][row.account_id] = row.mrr_eur
    earned: dict[str, list[RevenueRow]] = defaultdict(list)
    for line in revenue:
        earned[line.account_id].append(line)
    for cohort, accounts in sorted(cohorts.items()):
        lines = [line for account_id in accounts for line in earned[account_id]]
        kept_before: set[str] = set()
        mrr_at_first = ZERO
        for months_since, (month, month_end) in enumerate(month_ends(cohort, end).items()):
            kept = accounts & held[month].keys()
            mrr = sum((held[month][account_id] for account_id in kept), ZERO)
            if months_since == 0:
                mrr_at_first = mrr
            churned = len(kept_before - kept)
            brought = sum((line.amount_eur for line in lines if line.revenue_date <= last_day(month_end)), ZERO)
            yield CohortMonth(
                cohort,
                months_since,
                len(accounts),
                len(kept),
                ratio(len(kept), len(accounts)),
                churned,
                ratio(churned, len(kept_before)),
                mrr,
                ratio(mrr, mrr_at_first),
                brought,
                quotient(brought, len(accounts)),
            )
            kept_before = kept
