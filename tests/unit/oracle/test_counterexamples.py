"""What METRICS.md says of the worlds on which oracle and warehouse once disagreed, worked out by hand; and what a rule
says at its edge.

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


def test_spend_daily__keeps_a_day_whose_only_known_spend_is_0_beside_an_unknown_one() -> None:
    (day,) = compute_marts(cases.spend_of_nothing_beside_one_without_a_rate())["fct_spend_daily"]
    assert (day["spend_date"], day["spend_eur"]) == (date(2026, 3, 2), Decimal(0))


def test_movements__a_customers_coupon_counted_until_it_was_removed() -> None:
    movements = compute_marts(cases.customers_coupon_known_by_its_removal_alone())["fct_mrr_movements"]
    assert [(row["effective_date"], row["mrr_after"]) for row in movements] == [
        (date(2026, 1, 5), Decimal("79.2000")),
        (date(2026, 4, 20), Decimal("99.0000")),
    ]


def test_movements__a_read_without_events_holds_for_30_days_back_and_so_does_the_next() -> None:
    movements = compute_marts(cases.changed_and_back_between_reads())["fct_mrr_movements"]
    assert [(row["effective_at"], row["mrr_after"]) for row in movements] == [
        (datetime(2025, 12, 20, 9, tzinfo=UTC), Decimal("249.9992")),
        (datetime(2026, 1, 11, 2, tzinfo=UTC), Decimal("499.9983")),
        (datetime(2026, 2, 20, 2, tzinfo=UTC), Decimal("249.9992")),
    ]


def test_movements__a_subscription_left_unpaid_is_an_involuntary_churn() -> None:
    movements = compute_marts(cases.unpaid_after_a_failed_renewal())["fct_mrr_movements"]
    assert [(row["movement_type"], row["effective_date"], row["is_involuntary"]) for row in movements] == [
        ("new", date(2026, 3, 5), False),
        ("churn", date(2026, 4, 20), True),
    ]


def test_revenue_month__a_currency_without_a_rate_pays_and_is_in_no_sum() -> None:
    marts = compute_marts(cases.subscription_in_a_currency_without_a_rate())
    (april,) = marts["revenue_monthly"]
    assert (april["paying_accounts"], april["closing_mrr_eur"]) == (1, Decimal(0))
    assert [row["mrr_eur"] for row in marts["fct_mrr_account_months"]] == [None]


def test_refund__changes_revenue_and_never_mrr() -> None:
    marts = compute_marts(cases.refund_of_a_subscriber())
    assert [row["movement_type"] for row in marts["fct_mrr_movements"]] == ["new"]
    (refund,) = [row for row in marts["fct_revenue_lines"] if row["line_kind"] == "refund"]
    assert (refund["revenue_date"], refund["amount"]) == (date(2026, 4, 10), Decimal("-49.4958")), (
        "58.90 ÷ 1.19, rounded"
    )


def test_revenue_month__counts_who_started_and_ended_within_it() -> None:
    marts = compute_marts(cases.started_and_churned_within_a_month())
    (april,) = marts["revenue_monthly"]
    assert (april["started_and_churned_accounts"], april["new_accounts"], april["churned_accounts"]) == (1, 1, 0)
    assert [row["account_id"] for row in marts["fct_mrr_account_months"]] == ["acc_1"]
    assert [row["movement_type"] for row in marts["fct_mrr_movements"] if row["account_id"] == "acc_2"] == [
        "new",
        "churn",
    ]


def test_dim_accounts__holds_who_is_known_to_stripe_alone() -> None:
    (account,) = compute_marts(cases.known_to_stripe_alone())["dim_accounts"]
    assert account["account_id"].startswith("stripe:cus_")
    assert (account["status"], account["plan"], account["mrr_eur"]) == ("churned", "starter", Decimal(0))
