"""Recurring revenue of all accounts together: by day, by month, by plan.

Belongs here: the sums and quotients of METRICS 2.2 over movements and account months. Does not: single accounts
(recurring), cohorts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from tests.e2e.exact import ZERO, Rates, every_day, midnight, month_of, next_month, quotient, ratio
from tests.e2e.truth.recurring import AccountMonth, Movement, Recurring, month_ends

GROSS_MARGIN = Decimal("0.80")
TRAILING_MONTHS = 6


class MrrDay(NamedTuple):
    """A row of mrr_daily."""

    date: date
    mrr_eur: Decimal
    arr_eur: Decimal
    paying_accounts: int


class RevenueMonth(NamedTuple):
    """A row of revenue_monthly."""

    revenue_month: date
    is_complete: bool
    opening_mrr_eur: Decimal
    new_mrr_eur: Decimal
    expansion_mrr_eur: Decimal
    reactivation_mrr_eur: Decimal
    contraction_mrr_eur: Decimal
    churn_mrr_eur: Decimal
    fx_delta_eur: Decimal
    closing_mrr_eur: Decimal
    committed_mrr_eur: Decimal
    arr_eur: Decimal
    opening_accounts: int
    new_accounts: int
    reactivated_accounts: int
    churned_accounts: int
    paying_accounts: int
    started_and_churned_accounts: int
    arpu_eur: Decimal | None
    mrr_growth_ratio: Decimal | None
    quick_ratio: Decimal | None
    customer_churn_ratio: Decimal | None
    gross_mrr_churn_ratio: Decimal | None
    net_mrr_churn_ratio: Decimal | None
    grr_ratio: Decimal | None
    nrr_ratio: Decimal | None
    trailing_churn_ratio: Decimal | None
    ltv_eur: Decimal | None
    ltv_gross_margin_eur: Decimal | None
    new_arpu_eur: Decimal | None
    cac_blended_eur: Decimal | None
    payback_months: Decimal | None
    ltv_cac_ratio: Decimal | None


class PlanMonth(NamedTuple):
    """A row of plan_mix_monthly."""

    revenue_month: date
    plan: str
    paying_accounts: int
    accounts_ratio: Decimal | None
    mrr_eur: Decimal
    mrr_ratio: Decimal | None


def mrr_days(movements: Iterable[Movement], rates: Rates, as_of_date: date) -> Iterator[MrrDay]:
    """Every day from the first movement, at that day's rates."""
    moved: dict[date, list[Movement]] = defaultdict(list)
    for movement in sorted(movements, key=lambda movement: movement.effective_at):
        moved[movement.effective_date].append(movement)
    held: dict[tuple[str, str], Decimal] = {}
    for day in every_day(min(moved), as_of_date):
        for movement in moved[day]:
            held[movement.account_id, movement.currency] = movement.mrr_after
        paying = {account_id for (account_id, _), balance in held.items() if balance}
        mrr = sum((rates.eur(balance, currency, day) for (_, currency), balance in held.items() if balance), ZERO)
        yield MrrDay(day, mrr, 12 * mrr, len(paying))


def revenue_months(
    recurring: Recurring, spend_by_month: Mapping[date, Decimal], end: datetime
) -> Iterator[RevenueMonth]:
    """Every month from the first movement; `spend_by_month` in EUR, all channels."""
    rows = _by_month(recurring.months)
    committed: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for (_, month), amount in recurring.committed_eur.items():
        committed[month] += amount
    begun = Counter(month_of(movement.effective_date) for movement in first_movements(recurring.movements).values())
    churn: list[tuple[int, int]] = []
    opening_mrr, opening_accounts = ZERO, 0
    for month, month_end in month_ends(min(m.effective_date for m in recurring.movements), end).items():
        by_type = _Moved(rows[month])
        closing = sum((row.mrr_eur for row in rows[month]), ZERO)
        paying = sum(row.movement_type != "churn" for row in rows[month])
        gained = by_type.eur["new"] + by_type.eur["expansion"] + by_type.eur["reactivation"]
        lost = -(by_type.eur["contraction"] + by_type.eur["churn"])
        trailing = churn[-TRAILING_MONTHS:]
        lost_before, opened_before = sum(gone for gone, _ in trailing), sum(opened for _, opened in trailing)
        lifetime = closing * opened_before, paying * lost_before
        spent = spend_by_month.get(month, ZERO)
        yield RevenueMonth(
            month,
            month_end == midnight(next_month(month)),
            opening_mrr,
            by_type.eur["new"],
            by_type.eur["expansion"],
            by_type.eur["reactivation"],
            by_type.eur["contraction"],
            by_type.eur["churn"],
            sum((row.fx_delta_eur for row in rows[month]), ZERO),
            closing,
            committed[month],
            12 * closing,
            opening_accounts,
            by_type.accounts["new"],
            by_type.accounts["reactivation"],
            by_type.accounts["churn"],
            paying,
            len(_passing(recurring.movements, rows[month], month, month_end)),
            quotient(closing, paying),
            ratio(closing - opening_mrr, opening_mrr),
            ratio(gained, lost),
            ratio(by_type.accounts["churn"], opening_accounts),
            ratio(lost, opening_mrr),
            ratio(lost - by_type.eur["expansion"] - by_type.eur["reactivation"], opening_mrr),
            ratio(opening_mrr - lost, opening_mrr),
            ratio(opening_mrr + by_type.eur["expansion"] - lost, opening_mrr),
            ratio(lost_before, opened_before),
            quotient(*lifetime),
            quotient(lifetime[0] * GROSS_MARGIN, lifetime[1]),
            quotient(by_type.eur["new"], by_type.accounts["new"]),
            quotient(spent, begun[month]),
            quotient(spent * by_type.accounts["new"], begun[month] * by_type.eur["new"] * GROSS_MARGIN),
            ratio(lifetime[0] * GROSS_MARGIN * begun[month], lifetime[1] * spent) if begun[month] else None,
        )
        churn.append((by_type.accounts["churn"], opening_accounts))
        opening_mrr, opening_accounts = closing, paying


def plan_months(months: Iterable[AccountMonth]) -> Iterator[PlanMonth]:
    """The paying accounts of each month by plan."""
    for month, rows in _by_month(months).items():
        paying = [row for row in rows if row.movement_type != "churn"]
        total = sum((row.mrr_eur for row in paying), ZERO)
        for plan in sorted({row.plan for row in paying}):
            amounts = [row.mrr_eur for row in paying if row.plan == plan]
            mrr = sum(amounts, ZERO)
            yield PlanMonth(month, plan, len(amounts), ratio(len(amounts), len(paying)), mrr, ratio(mrr, total))


def first_movements(movements: Iterable[Movement]) -> dict[str, Movement]:
    """Account → the movement its recurring revenue began with."""
    first: dict[str, Movement] = {}
    for movement in sorted(movements, key=lambda movement: movement.effective_at):
        first.setdefault(movement.account_id, movement)
    return first


class _Moved:
    """What moved in a month, in EUR and in accounts, by type; restated balances alone are no movement."""

    def __init__(self, rows: Iterable[AccountMonth]) -> None:
        self.eur: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self.accounts: Counter[str] = Counter()
        for row in rows:
            if row.movement_type is not None:
                self.eur[row.movement_type] += row.mrr_delta_eur
                self.accounts[row.movement_type] += 1


def _by_month(months: Iterable[AccountMonth]) -> dict[date, list[AccountMonth]]:
    rows: dict[date, list[AccountMonth]] = defaultdict(list)
    for row in months:
        rows[row.mrr_month].append(row)
    return rows


def _passing(movements: Iterable[Movement], rows: Iterable[AccountMonth], month: date, month_end: datetime) -> set[str]:
    """Who paid within the month, but at neither of its ends."""
    paid = {m.account_id for m in movements if m.mrr_after and midnight(month) <= m.effective_at < month_end}
    return paid - {row.account_id for row in rows}
