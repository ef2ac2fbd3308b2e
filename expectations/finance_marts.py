"""Gate 2: what must hold of the finance marts (METRICS 2.2).

Belongs here: claims about volume, ranges, closed sets, density and dates. Does not belong here: definitions and sums
that must agree, which dbt's tests own.
"""

from __future__ import annotations

from expectations.mart_contract import (
    MARTS,
    Feeder,
    Mart,
    ends_by_as_of,
    is_dense,
    lies_within_unit,
    not_negative,
    reaches_as_of,
    rows,
    starts_its_month,
)
from expectations.report import CheckSpec
from expectations.rule import QueryRule
from expectations.thresholds import MRR_DAY_MOVE_DAYS, MRR_DAY_MOVE_WARN_RATIO

# METRICS 2.2
MOVEMENT_TYPES = "('new', 'reactivation', 'churn', 'expansion', 'contraction')"
REVENUE_TYPES = "('recurring', 'one_time', 'services')"
LINE_KINDS = "('charge', 'credit_note', 'refund')"


def finance_marts() -> tuple[Mart, ...]:
    """The ledger, its months and days, and the revenue table."""
    movements, months, daily, monthly = (
        "fct_mrr_movements",
        "fct_mrr_account_months",
        "mrr_daily",
        "revenue_monthly",
    )
    ledger = Feeder((MARTS, movements))
    gains = ("opening_mrr_eur", "new_mrr_eur", "expansion_mrr_eur", "reactivation_mrr_eur", "closing_mrr_eur")
    accounts = ("opening_accounts", "new_accounts", "reactivated_accounts", "churned_accounts", "paying_accounts")
    return (
        Mart(
            movements,
            key=("account_id", "currency", "effective_at"),
            columns=("effective_date", "movement_type", "mrr_before", "mrr_after", "mrr_delta"),
            # What Stripe holds may be trials alone, so no source proves that the ledger must have a row.
            feeders=(),
            own_rules=(
                rows(
                    movements,
                    "movement_types_are_known",
                    f"movement_type is null or movement_type not in {MOVEMENT_TYPES}",
                    "Every movement is one of the five types.",
                ),
                not_negative(movements, "mrr_before", "mrr_after"),
                rows(
                    movements,
                    "every_movement_moves",
                    "mrr_delta is null or mrr_delta = 0 or mrr_after <> mrr_before + mrr_delta",
                    "A movement changes MRR, by its delta.",
                ),
                rows(
                    movements,
                    "currencies_are_codes",
                    "not regexp_full_match(currency, '[A-Z]{3}')",
                    "A currency is three capital letters.",
                ),
                ends_by_as_of(movements, "effective_date"),
            ),
        ),
        Mart(
            months,
            key=("account_id", "mrr_month"),
            columns=("mrr_eur", "mrr_billed_eur", "movement_type"),
            # An account may start and end within its only month, so the ledger does not prove a row either.
            feeders=(),
            own_rules=(
                rows(
                    months,
                    "movement_types_are_known",
                    f"movement_type not in {MOVEMENT_TYPES}",
                    "A month's movement is one of the five types, or none.",
                ),
                not_negative(months, "mrr_eur", "mrr_billed_eur"),
                starts_its_month(months, "mrr_month"),
                ends_by_as_of(months, "mrr_month"),
            ),
        ),
        Mart(
            daily,
            key=("date",),
            columns=("mrr_eur", "arr_eur", "paying_accounts"),
            feeders=(ledger,),
            own_rules=(
                not_negative(daily, "mrr_eur", "arr_eur", "paying_accounts"),
                is_dense(daily, "date"),
                ends_by_as_of(daily, "date"),
                reaches_as_of(daily, "date"),
                _mrr_moves_gently(daily),
            ),
        ),
        Mart(
            monthly,
            key=("revenue_month",),
            columns=(
                "is_complete",
                "committed_mrr_eur",
                "arr_eur",
                "contraction_mrr_eur",
                "churn_mrr_eur",
                "quick_ratio",
                "customer_churn_ratio",
                "gross_mrr_churn_ratio",
                *gains,
                *accounts,
            ),
            feeders=(ledger,),
            own_rules=(
                not_negative(
                    monthly, *gains, *accounts, "committed_mrr_eur", "arr_eur", "quick_ratio", "gross_mrr_churn_ratio"
                ),
                rows(
                    monthly,
                    "losses_are_not_positive",
                    "contraction_mrr_eur > 0 or churn_mrr_eur > 0",
                    "Contraction and churn are written as negative money.",
                ),
                lies_within_unit(monthly, "customer_churn_ratio"),
                rows(
                    monthly,
                    "complete_months_have_ended",
                    "is_complete is distinct from (revenue_month + interval 1 month <= $as_of + 1)",
                    "A month is complete exactly when its last day is on or before as_of_date.",
                ),
                starts_its_month(monthly, "revenue_month"),
                is_dense(monthly, "revenue_month", "month"),
                ends_by_as_of(monthly, "revenue_month"),
                reaches_as_of(monthly, "revenue_month", "month"),
            ),
        ),
    )


def revenue_marts() -> tuple[Mart, ...]:
    """Recognised revenue, the mixes, and the cohorts."""
    lines, plans, mix, cohorts = "fct_revenue_lines", "plan_mix_monthly", "revenue_mix_monthly", "churn_cohorts"
    return (
        Mart(
            lines,
            key=("revenue_line_id",),
            columns=("revenue_type", "line_kind", "revenue_date"),
            # What Stripe holds may be drafts alone, so no source proves that there must be revenue.
            feeders=(),
            own_rules=(
                rows(
                    lines,
                    "types_and_kinds_are_known",
                    f"revenue_type is null or revenue_type not in {REVENUE_TYPES}"
                    f" or line_kind is null or line_kind not in {LINE_KINDS}",
                    "Every line is of a type and a kind that METRICS names.",
                ),
                ends_by_as_of(lines, "revenue_date"),
            ),
        ),
        Mart(
            plans,
            key=("revenue_month", "plan"),
            columns=("paying_accounts", "accounts_ratio"),
            # MRR may start and end within a month, and a mix is of the months' ends: no source proves a row.
            feeders=(),
            own_rules=(
                not_negative(plans, "paying_accounts"),
                lies_within_unit(plans, "accounts_ratio"),
                starts_its_month(plans, "revenue_month"),
                ends_by_as_of(plans, "revenue_month"),
            ),
        ),
        Mart(
            mix,
            key=("revenue_month", "revenue_type"),
            columns=(),
            feeders=(Feeder((MARTS, lines)),),
            own_rules=(starts_its_month(mix, "revenue_month"), ends_by_as_of(mix, "revenue_month")),
        ),
        Mart(
            cohorts,
            key=("cohort_month", "months_since"),
            columns=("cohort_accounts", "retained_accounts", "retention_ratio"),
            feeders=(Feeder((MARTS, "fct_mrr_movements")),),
            own_rules=(
                not_negative(cohorts, "months_since", "cohort_accounts", "retained_accounts"),
                lies_within_unit(cohorts, "retention_ratio"),
                starts_its_month(cohorts, "cohort_month"),
                rows(
                    cohorts,
                    "no_month_lies_after_as_of",
                    "cohort_month + to_months(cast(months_since as integer)) > $as_of",
                    "No month of a cohort lies after the last complete day.",
                ),
            ),
        ),
    )


def _mrr_moves_gently(mart: str) -> QueryRule:
    moves = (
        "(select date, mrr_eur, lag(mrr_eur) over (order by date) as mrr_before from mart"
        f" qualify date > $as_of - {MRR_DAY_MOVE_DAYS} and mrr_before > 0"
        f" and abs(mrr_eur - mrr_before) > mrr_before * cast({MRR_DAY_MOVE_WARN_RATIO} as decimal(4, 2)))"
    )
    return QueryRule(
        spec=CheckSpec(
            (MARTS, mart),
            "mrr_moves_gently",
            "warn",
            f"On none of the last {MRR_DAY_MOVE_DAYS} days did MRR move by more than {MRR_DAY_MOVE_WARN_RATIO:.0%}.",
        ),
        unit="days",
        measure=f"(select count(*) from {moves})",
        examples=f"select date || ': ' || mrr_before || ' to ' || mrr_eur || ' EUR' from {moves} order by date",
    )
