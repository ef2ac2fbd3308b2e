"""Accounts, agents, plans, channels and dates, one row each (METRICS 2.4).

Belongs here: the dimension marts. Does not: facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from tests.oracle.clock import ReportingClock, days, instant, month_of, week_of
from tests.oracle.inputs import Inputs, Row
from tests.oracle.ledger import AccountHistory, plan_of
from tests.oracle.money import Rates
from tests.oracle.months import total_eur
from tests.oracle.product import latest_rows
from tests.oracle.stripe_books import StripeBooks

SATURDAY = 5
# What has a day of its own; agents' births and trials have instants.
DATED_FACTS = (
    ("fct_conversations", "started_date"),
    ("fct_mrr_movements", "effective_date"),
    ("fct_revenue_lines", "revenue_date"),
    ("fct_spend_daily", "spend_date"),
)


def dim_accounts(
    inputs: Inputs,
    books: StripeBooks,
    accounts: Sequence[AccountHistory],
    trials: Sequence[Row],
    channels: Mapping[str, str],
) -> list[Row]:
    """Every account of the app, and those known to Stripe alone, which have existed since their first customer."""
    clock, rates = ReportingClock.of(inputs), Rates(inputs.rates, inputs.reporting_currency)
    app = {row["id"]: row for row in latest_rows(inputs.app, "accounts").values() if row["created_at"] < clock.horizon}
    born = {account_id: row["created_at"] for account_id, row in app.items()}
    for customer_id, seen_at in sorted(_customers_seen(books), key=lambda seen: seen[1]):
        if seen_at < clock.horizon:
            born.setdefault(books.account_of(customer_id), seen_at)
    histories = {account.account_id: account for account in accounts}
    on_trial = {
        trial["account_id"]
        for trial in trials
        if not trial["is_converted"] and trial["trial_ends_at"] is not None and trial["trial_ends_at"] > clock.horizon
    }
    return [
        {
            "account_id": account_id,
            "created_at": created_at,
            "country": app[account_id]["country"] if account_id in app else None,
            "acquisition_channel": channels.get(account_id, "other"),
            **_standing(histories.get(account_id), clock, rates, is_on_trial=account_id in on_trial),
        }
        for account_id, created_at in born.items()
    ]


def _customers_seen(books: StripeBooks) -> Iterator[tuple[str, datetime]]:
    """Customers with an instant at which they were there; a deleted one is told of by what it left behind."""
    for customer in books.customers.values():
        yield customer["id"], instant(customer["created"])
    for resource in ("subscriptions", "invoices"):
        for document in books.latest(resource).values():
            yield document["customer"], instant(document["created"])


def _standing(account: AccountHistory | None, clock: ReportingClock, rates: Rates, *, is_on_trial: bool) -> Row:
    """Status at the end of `as_of_date`: the first that fits."""
    first = account.first_mrr_at() if account is not None else None
    if account is None or first is None:
        status = "trial" if is_on_trial else "never_paid"
        return {"status": status, "plan": None, "first_mrr_at": None, "churned_at": None, "mrr_eur": Decimal(0)}
    state = account.before(clock.horizon)
    balances = state.balances()
    last = account.last_mrr_state(clock.horizon)
    status = "churned"
    if balances:
        status = "past_due" if _is_past_due(account, clock.horizon) else "paying"
    return {
        "status": status,
        "plan": plan_of(state if balances or last is None else last, rates, clock.as_of_date),
        "first_mrr_at": first,
        "churned_at": None if balances else _churned_at(account),
        "mrr_eur": total_eur(balances, rates, clock.as_of_date),
    }


def _churned_at(account: AccountHistory) -> datetime:
    """Where the last MRR ended."""
    ends = [after.since for before, after in pairwise(account.states) if before.balances() and not after.balances()]
    return ends[-1]


def _is_past_due(account: AccountHistory, moment: datetime) -> bool:
    return any(subscription.is_past_due_before(moment) for subscription in account.subscriptions)


def dim_agents(inputs: Inputs) -> list[Row]:
    clock = ReportingClock.of(inputs)
    return [
        {
            "agent_id": row["id"],
            "account_id": row["account_id"],
            "created_at": row["created_at"],
            "deleted_at": row["deleted_at"],
        }
        for row in latest_rows(inputs.app, "agents").values()
        if row["created_at"] < clock.horizon
    ]


def dim_dates(clock: ReportingClock, marts: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Every day from the first fact of any kind: week, month, quarter and year as their first days."""
    facts = [row[column] for mart, column in DATED_FACTS for row in marts[mart]]
    born = [clock.date_of(row["created_at"]) for row in marts["fct_agent_ttfv"]]
    trials = [clock.date_of(row["trial_started_at"]) for row in marts["fct_trials"]]
    first = min([*facts, *born, *trials], default=None)
    if first is None:
        return []
    return [
        {
            "date": day,
            "week": week_of(day),
            "month": month_of(day),
            "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
            "year": date(day.year, 1, 1),
            "is_weekend": day.weekday() >= SATURDAY,
        }
        for day in days(first, clock.as_of_date)
    ]
