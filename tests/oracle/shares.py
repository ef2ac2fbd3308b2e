"""Who pays for which plan, and how cohorts stay: `plan_mix_monthly` and `churn_cohorts`.

Belongs here: parts of the company's month. Does not: the month itself (revenue).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from tests.oracle.clock import ReportingClock, month_of
from tests.oracle.inputs import Row
from tests.oracle.ledger import ZERO, AccountHistory, plan_of
from tests.oracle.money import Rates, quotient, ratio
from tests.oracle.months import ledger_starts, total_eur


def plan_mix_monthly(accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates) -> list[Row]:
    """All of an account's MRR stands under the plan of its largest item; rows only for plans with accounts."""
    first = ledger_starts(accounts, clock)
    rows: list[Row] = []
    for month in clock.months(first) if first is not None else ():
        day = clock.last_day_of(month)
        plans: dict[str, list[Decimal]] = defaultdict(list)
        for account in accounts:
            state = account.before(clock.end_of(day))
            plan = plan_of(state, rates, day)
            if plan is not None:
                plans[plan].append(total_eur(state.balances(), rates, day) or ZERO)
        paying, whole = sum(map(len, plans.values())), sum(map(sum, plans.values()), ZERO)
        rows += [
            {
                "revenue_month": month,
                "plan": plan,
                "paying_accounts": len(parts),
                "accounts_ratio": ratio(len(parts), paying),
                "mrr_eur": sum(parts, ZERO),
                "mrr_ratio": ratio(sum(parts, ZERO), whole),
            }
            for plan, parts in plans.items()
        ]
    return rows


def churn_cohorts(
    accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates, revenue_lines: Sequence[Row]
) -> list[Row]:
    """Cohort = month of the first MRR in the ledger; one row for every elapsed month."""
    cohorts: dict[date, list[AccountHistory]] = defaultdict(list)
    for account in accounts:
        first = account.first_mrr_at()
        if first is not None:
            cohorts[month_of(clock.date_of(first))].append(account)
    return [row for month, members in cohorts.items() for row in _cohort(month, members, clock, rates, revenue_lines)]


def _cohort(
    cohort: date, members: Sequence[AccountHistory], clock: ReportingClock, rates: Rates, revenue_lines: Sequence[Row]
) -> list[Row]:
    names = {account.account_id for account in members}
    revenue = [line for line in revenue_lines if line["account_id"] in names]
    rows: list[Row] = []
    retained_before: set[str] = set()
    for number, month in enumerate(clock.months(cohort)):
        day = clock.last_day_of(month)
        balances = {account.account_id: account.before(clock.end_of(day)).balances() for account in members}
        retained = {account_id for account_id, held in balances.items() if held}
        mrr = sum((total_eur(held, rates, day) or ZERO for held in balances.values()), ZERO)
        earned = sum((line["amount_eur"] or ZERO for line in revenue if line["revenue_date"] <= day), ZERO)
        churned = len(retained_before - retained)
        rows.append(
            {
                "cohort_month": cohort,
                "months_since": number,
                "cohort_accounts": len(members),
                "retained_accounts": len(retained),
                "retention_ratio": ratio(len(retained), len(members)),
                "churned_accounts": churned,
                "churn_ratio": ratio(churned, len(retained_before)) if number else None,
                "retained_mrr_eur": mrr,
                "mrr_retention_ratio": ratio(mrr, rows[0]["retained_mrr_eur"] if rows else mrr),
                "cumulative_revenue_eur": earned,
                "cumulative_revenue_per_account_eur": quotient(earned, len(members)),
            }
        )
        retained_before = retained
    return rows
