"""What METRICS.md says of worlds on which public MRR models are known to be wrong, worked out by hand.

Belongs here: one expectation a world of tests/oracle/public_mistakes.py. Does not: running the SQL (tests/e2e).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tests.oracle import public_mistakes
from tests.oracle.inputs import Inputs, Row
from tests.oracle.marts import compute_marts


def mart(name: str, world: Inputs, order: str) -> list[Row]:
    return sorted(compute_marts(world)[name], key=lambda row: (row[order], row.get("account_id", "")))


def test_reactivation__is_never_an_expansion() -> None:
    rows = mart("fct_mrr_movements", public_mistakes.reactivation_hidden_behind_expansion(), "effective_at")
    assert [(row["movement_type"], row["mrr_delta"]) for row in rows] == [
        ("new", Decimal("99.0000")),
        ("churn", Decimal("-99.0000")),
        ("reactivation", Decimal("299.0000")),
    ]
    months = mart("revenue_monthly", public_mistakes.reactivation_hidden_behind_expansion(), "revenue_month")
    april = next(row for row in months if row["revenue_month"] == date(2026, 4, 1))
    assert (april["reactivation_mrr_eur"], april["expansion_mrr_eur"]) == (Decimal("299.0000"), Decimal(0))


def test_discount__in_another_currency_takes_nothing_off_and_doubles_nothing() -> None:
    (new,) = mart("fct_mrr_movements", public_mistakes.discount_in_another_currency(), "effective_at")
    assert (new["currency"], new["mrr_after"]) == ("USD", Decimal("86.6600")), "99.00 less 12.34 dollars"
    assert new["mrr_delta_eur"] == Decimal("69.3280"), "at 1.25 dollars a euro"


def test_months__begin_with_the_first_movement_of_all() -> None:
    months = mart("revenue_monthly", public_mistakes.month_spine_that_starts_too_late(), "revenue_month")
    assert [(row["revenue_month"].month, row["closing_mrr_eur"], row["new_accounts"]) for row in months] == [
        (1, Decimal("99.0000"), 1),
        (2, Decimal(0), 0),
        (3, Decimal(0), 0),
        (4, Decimal("299.0000"), 1),
        (5, Decimal("299.0000"), 0),
    ]


def test_past__keeps_the_price_and_quantity_it_had() -> None:
    months = mart("fct_mrr_account_months", public_mistakes.todays_price_applied_to_the_past(), "mrr_month")
    assert [row["mrr_eur"] for row in months] == [Decimal("198.0000"), Decimal("198.0000"), Decimal("1495.0000")]


@pytest.mark.parametrize("world", public_mistakes.MISTAKES)
def test_no_row__lies_after_as_of_date(world: Callable[[], Inputs]) -> None:
    """The run is on the 14th of May 2026: no month after May, no day after the 13th."""
    marts = compute_marts(world())
    times = {"mrr_daily": "date", "revenue_monthly": "revenue_month", "fct_mrr_account_months": "mrr_month"}
    times |= {"plan_mix_monthly": "revenue_month", "churn_cohorts": "cohort_month", "fct_revenue_lines": "revenue_date"}
    assert all(row[column] <= date(2026, 5, 13) for name, column in times.items() for row in marts[name])
    assert max(row["date"] for row in marts["mrr_daily"]) == date(2026, 5, 13)


def test_months__a_year_paid_in_advance_is_a_twelfth_a_month_and_no_month_to_come() -> None:
    months = mart("revenue_monthly", public_mistakes.future_months(), "revenue_month")
    assert [(row["revenue_month"].month, row["closing_mrr_eur"]) for row in months] == [
        (4, Decimal("249.9992")),
        (5, Decimal("249.9992")),
    ]


def test_mrr__is_0_and_not_unknown_after_the_last_has_left() -> None:
    world = public_mistakes.null_instead_of_0_after_churn()
    daily = mart("mrr_daily", world, "date")
    assert {row["mrr_eur"] for row in daily if row["date"] >= date(2026, 3, 20)} == {Decimal(0)}
    months = mart("revenue_monthly", world, "revenue_month")
    assert [row["closing_mrr_eur"] for row in months] == [Decimal("99.0000"), Decimal(0), Decimal(0), Decimal(0)]


def test_trial__has_no_mrr_until_it_is_over() -> None:
    (new,) = mart("fct_mrr_movements", public_mistakes.trial_counted_as_mrr(), "effective_at")
    assert (new["account_id"], new["effective_at"].isoformat()) == ("acc_1", "2026-05-04T08:00:00+00:00")


def test_tax__is_in_no_mrr_whether_inside_the_price_or_on_top() -> None:
    rows = mart("fct_mrr_movements", public_mistakes.tax_in_mrr(), "effective_at")
    assert [row["mrr_after"] for row in rows] == [Decimal("100.0000"), Decimal("99.0000")]
