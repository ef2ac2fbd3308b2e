"""The company's month in one row: `revenue_monthly`.

Belongs here: totals of the account months and the ratios made of them. Does not: one account's month (months).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.oracle.clock import ReportingClock
from tests.oracle.inputs import Inputs, Row
from tests.oracle.ledger import ZERO, AccountHistory
from tests.oracle.money import Rates, quotient, ratio, rounded
from tests.oracle.months import ledger_starts, total_eur

TRAILING_MONTHS = 6


def revenue_monthly(
    inputs: Inputs,
    accounts: Sequence[AccountHistory],
    account_months: Sequence[Row],
    cac: Mapping[date, tuple[Decimal, int]],
) -> list[Row]:
    """`cac` gives each month's blended spend and new paying accounts."""
    clock, rates = ReportingClock.of(inputs), Rates(inputs.rates, inputs.reporting_currency)
    first = ledger_starts(accounts, clock)
    if first is None:
        return []
    rows: list[Row] = []
    for month in clock.months(first):
        totals = _totals(month, accounts, clock, rates, [r for r in account_months if r["mrr_month"] == month])
        totals["opening_mrr_eur"] = rows[-1]["closing_mrr_eur"] if rows else ZERO
        totals["opening_accounts"] = rows[-1]["paying_accounts"] if rows else 0
        trailing = rows[-TRAILING_MONTHS:]
        rows.append(totals | _ratios(totals) | _value(totals, trailing, cac.get(month), inputs.gross_margin))
    return rows


def _totals(
    month: date, accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates, rows: Sequence[Row]
) -> Row:
    start, day = clock.start_of(month), clock.last_day_of(month)
    end = clock.end_of(day)
    closing = sum((row["mrr_eur"] or ZERO for row in rows), ZERO)
    committed = (total_eur(account.before(end).committed(), rates, day) or ZERO for account in accounts)

    def moved(kind: str) -> Decimal:
        return sum((row["mrr_delta_eur"] or ZERO for row in rows if row["movement_type"] == kind), ZERO)

    def count(kind: str) -> int:
        return sum(row["movement_type"] == kind for row in rows)

    return {
        "revenue_month": month,
        "is_complete": clock.is_complete(month),
        "new_mrr_eur": moved("new"),
        "expansion_mrr_eur": moved("expansion"),
        "reactivation_mrr_eur": moved("reactivation"),
        "contraction_mrr_eur": moved("contraction"),
        "churn_mrr_eur": moved("churn"),
        "fx_delta_eur": sum((row["fx_delta_eur"] or ZERO for row in rows), ZERO),
        "closing_mrr_eur": closing,
        "committed_mrr_eur": sum(committed, ZERO),
        "arr_eur": 12 * closing,
        "new_accounts": count("new"),
        "reactivated_accounts": count("reactivation"),
        "churned_accounts": count("churn"),
        "paying_accounts": sum(bool(account.before(end).balances()) for account in accounts),
        "started_and_churned_accounts": sum(
            not account.before(start).balances()
            and not account.before(end).balances()
            and account.had_mrr_between(start, end)
            for account in accounts
        ),
    }


def _ratios(row: Row) -> Row:
    opening, closing = row["opening_mrr_eur"], row["closing_mrr_eur"]
    gains = row["expansion_mrr_eur"] + row["reactivation_mrr_eur"]
    losses = abs(row["contraction_mrr_eur"] + row["churn_mrr_eur"])
    return {
        "arpu_eur": quotient(closing, row["paying_accounts"]),
        "mrr_growth_ratio": ratio(closing - opening, opening),
        "quick_ratio": ratio(row["new_mrr_eur"] + gains, losses),
        "customer_churn_ratio": ratio(row["churned_accounts"], row["opening_accounts"]),
        "gross_mrr_churn_ratio": ratio(losses, opening),
        "net_mrr_churn_ratio": ratio(losses - gains, opening),
        "grr_ratio": ratio(opening - losses, opening),
        "nrr_ratio": ratio(opening + row["expansion_mrr_eur"] - losses, opening),
    }


def _value(row: Row, trailing: Sequence[Row], cac: tuple[Decimal, int] | None, gross_margin: Fraction) -> Row:
    """Lifetime value and what a customer cost, each exact until its one rounding."""
    churned = sum(before["churned_accounts"] for before in trailing)
    opened = sum(before["opening_accounts"] for before in trailing)
    arpu = _divided(row["closing_mrr_eur"], row["paying_accounts"])
    ltv = arpu * opened / churned if arpu is not None and churned else None
    margin_ltv = ltv * gross_margin if ltv is not None else None
    new_arpu = _divided(row["new_mrr_eur"], row["new_accounts"])
    cost = _divided(*cac) if cac is not None else None
    monthly_margin = new_arpu * gross_margin if new_arpu is not None else None
    return {
        "trailing_churn_ratio": ratio(churned, opened),
        "ltv_eur": _rounded(ltv),
        "ltv_gross_margin_eur": _rounded(margin_ltv),
        "new_arpu_eur": _rounded(new_arpu),
        "cac_blended_eur": _rounded(cost),
        "payback_months": quotient(cost, monthly_margin) if cost is not None and monthly_margin else None,
        "ltv_cac_ratio": ratio(margin_ltv, cost) if margin_ltv is not None and cost else None,
    }


def _divided(numerator: Decimal, denominator: int) -> Fraction | None:
    return Fraction(numerator) / denominator if denominator else None


def _rounded(value: Fraction | None) -> Decimal | None:
    return None if value is None else rounded(value, 4)
