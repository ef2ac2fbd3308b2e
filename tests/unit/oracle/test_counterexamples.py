"""What METRICS.md says of the worlds on which oracle and warehouse once disagreed, worked out by hand.

Belongs here: one expectation a case of tests/oracle/cases.py. Does not: running the SQL over them (tests/e2e).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.oracle import cases
from tests.oracle.marts import compute_marts


def test_account_months__a_plan_taken_at_midnight_belongs_to_the_new_month() -> None:
    months = compute_marts(cases.plan_larger_from_midnight())["fct_mrr_account_months"]
    assert [(row["mrr_month"], row["plan"]) for row in sorted(months, key=lambda row: row["mrr_month"])] == [
        (date(2025, 9, 1), "enterprise"),
        (date(2025, 10, 1), "starter"),
    ]


def test_movements__a_contraction_at_midnight_carries_the_plan_that_is_left() -> None:
    movements = compute_marts(cases.plan_lost_at_midnight())["fct_mrr_movements"]
    (lost,) = [row for row in movements if row["effective_at"] == datetime(2026, 4, 30, 22, tzinfo=UTC)]
    assert (lost["movement_type"], lost["plan"], lost["mrr_delta"]) == ("contraction", "other", Decimal("-108.3333"))


def test_revenue_monthly__spend_without_a_new_customer_leaves_ltv_to_cac_unknown() -> None:
    marts = compute_marts(cases.spend_without_a_new_customer())
    (march,) = [row for row in marts["revenue_monthly"] if row["revenue_month"] == date(2026, 3, 1)]
    assert march["ltv_eur"] == Decimal("198.0000"), "99.00 a month over a trailing churn of 1 in 2"
    assert march["cac_blended_eur"] is None
    assert march["ltv_cac_ratio"] is None


def test_account_months__a_used_once_coupon_comes_off_in_the_invoices_order() -> None:
    (may,) = compute_marts(cases.once_coupon_before_another())["fct_mrr_account_months"]
    assert may["mrr_eur"] == Decimal("99.0000")
    assert may["mrr_billed_eur"] == Decimal("77.1500"), "99.00 less 15 %, less 7.00"
