"""The oracle's own reading of prices, coupons, tax and history, by hand-made worlds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.oracle.cases import company, epoch, world_of
from tests.oracle.catalogue import PRICE
from tests.oracle.inputs import Inputs, Row
from tests.oracle.marts import compute_marts
from tests.oracle.prices import gross_monthly
from tests.oracle.sandbox import Sandbox
from tests.oracle.stripe_books import StripeBooks
from tests.oracle.versions import laid_over

RUN = "2026-05-14T03:00:00+02:00"


def movements(inputs: Inputs) -> list[Row]:
    return sorted(compute_marts(inputs)["fct_mrr_movements"], key=lambda row: row["effective_at"])


def subscribed(
    since: str, price_id: str, coupons: list[str], then: Callable[[Sandbox, Row], None] | None = None
) -> Inputs:
    """One customer on one price; `then` may do more on the sandbox's calendar."""
    sandbox = company()
    sandbox.run_until(epoch(since))
    subscription = sandbox.subscribe(sandbox.create_customer("acc_1"), [(price_id, 1)], coupons, 0)
    if then is not None:
        then(sandbox, subscription)
    return world_of(sandbox, RUN)


@pytest.mark.parametrize(
    ("price_id", "quantity", "monthly"),
    [
        ("price_f_graduated", 12, Fraction(50) + Fraction("44.975") + 14),
        ("price_g_volume", 10, Fraction(90)),
        ("price_g_volume", 11, Fraction("89.3574") + 1),
        ("price_h_packs", 4, Fraction(50)),
        ("price_l_year", 1, Fraction("2999.99") / 12),
        ("price_n_week", 1, Fraction(25) * 52 / 12),
        ("price_p_days", 1, Fraction("33.33") / 10 * 365 / 12),
        ("price_s_jpy", 2, Fraction(24690)),
        ("price_t_kwd", 1, Fraction("33.333")),
    ],
)
def test_gross_monthly__respects_tiers_packages_intervals_and_minor_units(
    price_id: str, quantity: int, monthly: Fraction
) -> None:
    books = StripeBooks(world_of(company(), RUN))
    assert gross_monthly(books, PRICE[price_id], quantity) == monthly


def test_movements__an_inclusive_price_is_net_of_its_lines_tax() -> None:
    (new,) = movements(subscribed("2026-05-01T12:00:00+02:00", "price_d_incl", []))
    assert new["mrr_after"] == Decimal("100.0000")


def test_movements__a_forever_coupon_is_contract_and_a_repeating_one_is_not() -> None:
    inputs = subscribed("2026-05-01T12:00:00+02:00", "price_a_starter", ["co_forever_20", "co_3_months"])
    (month,) = compute_marts(inputs)["fct_mrr_account_months"]
    assert (month["mrr_eur"], month["mrr_billed_eur"]) == (Decimal("79.2000"), Decimal("59.4000"))


def test_movements__before_the_events_the_invoices_tell_the_start() -> None:
    (new,) = movements(subscribed("2026-01-10T12:00:00+01:00", "price_a_starter", []))
    assert new["effective_at"].isoformat() == "2026-01-10T11:00:00+00:00"
    assert not new["is_inferred"]


def test_movements__a_payment_given_up_is_an_involuntary_churn() -> None:
    def fail(sandbox: Sandbox, subscription: Row) -> None:
        sandbox.invoices.failing.add(subscription["id"])
        sandbox.at(epoch("2026-05-10T08:00:00+02:00"), lambda: sandbox.change(subscription, status="unpaid"))

    churn = movements(subscribed("2026-04-05T12:00:00+02:00", "price_a_starter", [], fail))[-1]
    assert (churn["movement_type"], churn["is_involuntary"], churn["plan"]) == ("churn", True, "starter")


def test_revenue_monthly__a_scheduled_end_leaves_committed_mrr_at_once() -> None:
    def schedule(sandbox: Sandbox, subscription: Row) -> None:
        sandbox.at(epoch("2026-05-10T08:00:00+02:00"), lambda: sandbox.schedule_end(subscription, wanted=True))

    (may,) = compute_marts(subscribed("2026-05-01T12:00:00+02:00", "price_a_starter", [], schedule))["revenue_monthly"]
    assert (may["closing_mrr_eur"], may["committed_mrr_eur"]) == (Decimal("99.0000"), Decimal(0))


def test_laid_over__matches_list_entries_by_id() -> None:
    after = {"status": "active", "items": {"data": [{"id": "si_1", "quantity": 2, "price": {"id": "p"}}]}}
    previous = {"items": {"data": [{"id": "si_1", "quantity": 1}]}}
    assert laid_over(after, previous) == {
        "status": "active",
        "items": {"data": [{"id": "si_1", "quantity": 1, "price": {"id": "p"}}]},
    }
