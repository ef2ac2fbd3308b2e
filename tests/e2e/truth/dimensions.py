"""Accounts, agents, plans, channels and days as the company itself knows them, in the shapes of the dimensions.

Belongs here: what METRICS 2.4 says of dim_*. Does not: what is measured about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from datetime import date as Day  # noqa: N812 - a column is called date
from decimal import Decimal
from typing import NamedTuple

from ingestion.simulator import catalogue
from ingestion.simulator.ledger import Ledger, Notice
from tests.e2e.exact import ZERO, every_day, monday_of, month_of
from tests.e2e.truth.recurring import Recurring
from tests.e2e.truth.revenue_months import first_movements

SATURDAY = 5
# The words an analyst wrote into the seeds; everything else about plans is what the shop sells.
PLANS = ((catalogue.STARTER, "Starter"), (catalogue.PROFESSIONAL, "Professional"), (catalogue.ENTERPRISE, "Enterprise"))
CHANNELS = {
    "organic_search": "Organic search",
    "wordpress_plugin": "WordPress plugin",
    "google_ads": "Google Ads",
    "content_marketing": "Content marketing",
    "other": "Other",
}


class AccountRow(NamedTuple):
    """A row of dim_accounts."""

    account_id: str
    created_at: datetime
    country: str | None
    acquisition_channel: str
    status: str
    plan: str | None
    first_mrr_at: datetime | None
    churned_at: datetime | None
    mrr_eur: Decimal


class AgentRow(NamedTuple):
    """A row of dim_agents."""

    agent_id: str
    account_id: str
    created_at: datetime
    deleted_at: datetime | None


class PlanRow(NamedTuple):
    """A row of dim_plans."""

    plan: str | None
    label: str
    list_price_eur: Decimal | None
    sort: int


class ChannelRow(NamedTuple):
    """A row of dim_channels."""

    channel: str
    label: str
    sort: int


class DateRow(NamedTuple):
    """A row of dim_dates."""

    date: Day
    week: Day
    month: Day
    quarter: Day
    year: Day
    is_weekend: bool


def accounts(ledger: Ledger, recurring: Recurring, end: datetime, as_of_date: date) -> Iterator[AccountRow]:
    """Every account at the end, those that Stripe alone knows among them."""
    first = first_movements(recurring.movements)
    last = {m.account_id: m for m in sorted(recurring.movements, key=lambda movement: movement.effective_at)}
    held = {row.account_id: row for row in recurring.months if row.mrr_month == month_of(as_of_date)}
    trying = {trial.account_id for trial in ledger.trials if trial.ends_at > end}
    owing = _owing(ledger)
    for told in ledger.accounts:
        began, moved, today = first.get(told.account_id), last.get(told.account_id), held.get(told.account_id)
        paying = today if today is not None and today.movement_type != "churn" else None
        if paying is not None:
            status = "past_due" if told.account_id in owing else "paying"
        elif began is not None:
            status = "churned"
        else:
            status = "trial" if told.account_id in trying else "never_paid"
        yield AccountRow(
            told.account_id,
            told.created_at,
            told.country,
            told.channel,
            status,
            paying.plan if paying else moved.plan if moved else None,
            began.effective_at if began else None,
            moved.effective_at if moved and not paying else None,
            paying.mrr_eur if paying else ZERO,
        )


def _owing(ledger: Ledger) -> set[str]:
    """Accounts with a subscription that is past due and still counts."""
    newest = {
        given.subscription_id: given.notice
        for given in sorted(ledger.notices, key=lambda given: given.given_at)
        if given.notice in {Notice.PAST_DUE, Notice.PAID_UP}
    }
    standing = {
        change.subscription_id: change
        for change in sorted(ledger.changes, key=lambda change: change.effective_at)
        if newest.get(change.subscription_id) is Notice.PAST_DUE
    }
    return {change.account_id for change in standing.values() if change.mrr_after}


def agents(ledger: Ledger) -> Iterator[AgentRow]:
    """Every agent of the app."""
    for told in ledger.agents.to_pylist():
        yield AgentRow(told["agent_id"], told["account_id"], told["created_at"], told["deleted_at"])


def plans() -> Iterator[PlanRow]:
    """The tiers at the price of a month in EUR, None where it depends on the seats, and what is none of them."""
    for sort, (product, label) in enumerate(PLANS, start=1):
        price = catalogue.MONTHLY.get((product, "EUR"))
        listed = None if price is None or price.unit is None else price.unit / 100
        yield PlanRow(product.plan, label, listed, sort)
    yield PlanRow("other", "Other", None, len(PLANS) + 1)


def channels() -> Iterator[ChannelRow]:
    """The five channels, in the order the contract names them."""
    for sort, (channel, label) in enumerate(CHANNELS.items(), start=1):
        yield ChannelRow(channel, label, sort)


def dates(facts: Iterable[date], as_of_date: date) -> Iterator[DateRow]:
    """Every day from the first of the facts."""
    for day in every_day(min(facts), as_of_date):
        quarter = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        year = day.replace(month=1, day=1)
        yield DateRow(day, monday_of(day), month_of(day), quarter, year, day.weekday() >= SATURDAY)
