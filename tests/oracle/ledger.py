"""Every change of every account's MRR at its instant, and balances at any time (METRICS 2.2, Movements).

Belongs here: accounts' balances and `fct_mrr_movements`. Does not: month-ends (months) or prices (history).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from tests.oracle.clock import ReportingClock
from tests.oracle.history import ItemMrr, SubscriptionHistory
from tests.oracle.inputs import Row
from tests.oracle.money import Rates, money
from tests.oracle.stripe_books import StripeBooks

Balances: TypeAlias = Mapping[str, Decimal]
ZERO = Decimal(0)


@dataclass(frozen=True)
class AccountState:
    """An account from `since` on: its items, one entry a subscription item held."""

    since: datetime
    items: tuple[ItemMrr, ...]

    def balances(self) -> Balances:
        """MRR by currency, only what is not 0."""
        return _sums([(item.currency, item.mrr) for item in self.items])

    def billed(self) -> Balances:
        return _sums([(item.currency, item.billed) for item in self.items])

    def committed(self) -> Balances:
        return _sums([(item.currency, item.mrr) for item in self.items if item.is_committed])


def _sums(entries: Sequence[tuple[str, Decimal]]) -> Balances:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in entries:
        totals[currency] += amount
    return {currency: amount for currency, amount in sorted(totals.items()) if amount}


class AccountHistory:
    """One account's states, oldest first, up to the horizon."""

    def __init__(self, account_id: str, subscriptions: Sequence[SubscriptionHistory], horizon: datetime) -> None:
        self.account_id = account_id
        self.subscriptions = subscriptions
        instants = sorted({moment for sub in subscriptions for moment in sub.instants() if moment < horizon})
        self.states = [
            AccountState(moment, tuple(item for sub in subscriptions for item in sub.items_at(moment)))
            for moment in instants
        ]

    def before(self, moment: datetime) -> AccountState:
        """The state just before an instant."""
        known = [state for state in self.states if state.since < moment]
        return known[-1] if known else AccountState(moment, ())

    def had_mrr_before(self, moment: datetime) -> bool:
        return any(state.since < moment and state.balances() for state in self.states)

    def had_mrr_between(self, start: datetime, end: datetime) -> bool:
        return any(start <= state.since < end and state.balances() for state in self.states)

    def first_mrr_at(self) -> datetime | None:
        return next((state.since for state in self.states if state.balances()), None)

    def last_mrr_state(self, moment: datetime) -> AccountState | None:
        """The last state with MRR before an instant: whose plan a churn keeps."""
        known = [state for state in self.states if state.since < moment and state.balances()]
        return known[-1] if known else None


def account_histories(
    books: StripeBooks, clock: ReportingClock, subscriptions: Sequence[SubscriptionHistory]
) -> list[AccountHistory]:
    """Accounts that ever had a subscription, by id: several subscriptions of one account are one account."""
    grouped: dict[str, list[SubscriptionHistory]] = defaultdict(list)
    for subscription in subscriptions:
        grouped[books.account_of(subscription.customer_id)].append(subscription)
    return [AccountHistory(account, grouped[account], clock.horizon) for account in sorted(grouped)]


def plan_of(state: AccountState, rates: Rates, day: date) -> str | None:
    """Plan of the largest item (tie: smallest item id); items of several currencies compare at the day's rates."""
    paying = [item for item in state.items if item.mrr]
    if not paying:
        return None

    def size(item: ItemMrr) -> Decimal:
        return rates.convert(item.mrr, item.currency, day) or ZERO

    return min(paying, key=lambda item: (-size(item), -item.mrr, item.item_id)).plan


def movement_type(before: bool, after: bool, change: Decimal, *, had_mrr: bool) -> str | None:
    """The five kinds in METRICS' order: `before`/`after` say whether the account pays, `change` moves the row."""
    if not before and after:
        return "reactivation" if had_mrr else "new"
    if before and not after:
        return "churn"
    if change > 0:
        return "expansion"
    return "contraction" if change < 0 else None


def fct_mrr_movements(accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates) -> list[Row]:
    return [row for account in accounts for row in _movements(account, clock, rates)]


def _movements(account: AccountHistory, clock: ReportingClock, rates: Rates) -> list[Row]:
    rows: list[Row] = []
    before, had_mrr, plan = AccountState(clock.run_at, ()), False, None
    for state in account.states:
        old, new = before.balances(), state.balances()
        day = clock.date_of(state.since)
        plan = plan_of(state, rates, day) or plan
        changed = _changed(before.items, state.items)
        for currency in sorted(old.keys() | new.keys()):
            p, m = old.get(currency, ZERO), new.get(currency, ZERO)
            if p == m:
                continue
            kind = movement_type(bool(old), bool(new), m - p, had_mrr=had_mrr)
            rows.append(
                {
                    "account_id": account.account_id,
                    "currency": currency,
                    "effective_at": state.since,
                    "effective_date": day,
                    "movement_type": kind,
                    "mrr_before": money(p),
                    "mrr_after": money(m),
                    "mrr_delta": money(m - p),
                    "mrr_delta_eur": rates.convert(m - p, currency, day),
                    "plan": plan,
                    "is_involuntary": kind == "churn" and _is_involuntary(account, state.since),
                    "is_inferred": any(i.is_inferred for i in changed if i.currency == currency),
                }
            )
        had_mrr = had_mrr or bool(new)
        before = state
    return rows


def _changed(before: Sequence[ItemMrr], after: Sequence[ItemMrr]) -> list[ItemMrr]:
    """What came, went or is worth something else."""
    was = {(item.item_id, item.mrr) for item in before}
    now = {(item.item_id, item.mrr) for item in after}
    return [item for item in (*before, *after) if (item.item_id, item.mrr) in was ^ now]


def _is_involuntary(account: AccountHistory, moment: datetime) -> bool:
    """Whether a subscription that had MRR just before ended for want of payment."""
    before = account.before(moment)
    held = {item.item_id for item in before.items if item.mrr}
    return any(
        subscription.turns_involuntarily(moment)
        for subscription in account.subscriptions
        if held & subscription.item_ids
    )
