"""The simulator's ledger of recurring revenue at its finest grain: movements, and account months.

Belongs here: what METRICS 2.2 says follows from balances, reckoned from the ledger's changes alone. Does not: sums over
accounts (revenue_months, cohorts), reading the warehouse, comparing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from ingestion.simulator.ledger import Ledger, MrrChange, Notice
from tests.e2e.exact import INSTANT, ZERO, Rates, local_day, midnight, month_of, next_month

Balances = dict[str, Decimal]


class Movement(NamedTuple):
    """A row of fct_mrr_movements; the ledger infers nothing."""

    account_id: str
    currency: str
    effective_at: datetime
    effective_date: date
    movement_type: str
    mrr_before: Decimal
    mrr_after: Decimal
    mrr_delta: Decimal
    mrr_delta_eur: Decimal
    plan: str
    is_involuntary: bool
    is_inferred: bool


class AccountMonth(NamedTuple):
    """A row of fct_mrr_account_months."""

    account_id: str
    mrr_month: date
    mrr_eur: Decimal
    mrr_billed_eur: Decimal
    mrr_previous_eur: Decimal
    movement_type: str | None
    mrr_delta_eur: Decimal
    fx_delta_eur: Decimal
    plan: str
    acquisition_channel: str


@dataclass(frozen=True)
class Recurring:
    """Recurring revenue at its finest grain; `committed_eur` by account and month, where it is not zero.

    All sums over accounts follow from it, so that a row told otherwise here is told otherwise everywhere.
    """

    movements: list[Movement]
    months: list[AccountMonth]
    committed_eur: Mapping[tuple[str, date], Decimal]


@dataclass(frozen=True)
class Standing:
    """What an account holds from `at` on: its newest change of each subscription, and who of them is leaving."""

    at: datetime
    changes: tuple[MrrChange, ...] = ()
    leaving: frozenset[str] = field(default_factory=frozenset)

    def balances(self, *, billed: bool = False, committed: bool = False) -> Balances:
        """MRR by currency; a currency the account ever held stays, at zero."""
        sums: Balances = defaultdict(lambda: ZERO)
        for change in self.changes:
            counts = not (committed and change.subscription_id in self.leaving)
            sums[change.currency] += (change.mrr_billed_after if billed else change.mrr_after) if counts else ZERO
        return dict(sums)

    def plan(self, rates: Rates, day: date) -> str | None:
        """The plan of the largest item at that day's rates, None without MRR."""
        held = [
            (-rates.eur(item.mrr, change.currency, day), item.item_id, item.plan)
            for change in self.changes
            for item in change.items
        ]
        return min(held)[2] if held else None

    @property
    def is_involuntary(self) -> bool:
        """Whether a failed payment decided what changed at this very instant."""
        return any(change.is_involuntary for change in self.changes if change.effective_at == self.at)


NOTHING = Standing(datetime.min.replace(tzinfo=UTC))


def month_ends(first: date, end: datetime) -> dict[date, datetime]:
    """First day of each month → its exclusive end, from the month of `first` to `end`; the last may be running."""
    ends = {}
    month = month_of(first)
    while midnight(month) < end:
        ends[month] = min(midnight(next_month(month)), end)
        month = next_month(month)
    return ends


def last_day(end: datetime) -> date:
    """The local day that an exclusive end closes."""
    return local_day(end - INSTANT)


class MrrTruth:
    """One ledger up to `end` (a local midnight), in EUR at the rates of `rates`."""

    def __init__(self, ledger: Ledger, rates: Rates, end: datetime) -> None:
        self._rates = rates
        self._end = end
        self._channels = {account.account_id: account.channel for account in ledger.accounts}
        self._standings = dict(_standings(ledger))

    def recurring(self) -> Recurring:
        """Everything, by account and time."""
        movements = list(self._movements())
        ends = month_ends(min(movement.effective_date for movement in movements), self._end)
        months, committed = [], {}
        for account_id, standings in self._standings.items():
            before: datetime | None = None
            for month, end in ends.items():
                row = self._account_month(account_id, standings, month, before, end)
                if row is not None:
                    months.append(row)
                if held := self._eur(_at(standings, end).balances(committed=True), end):
                    committed[account_id, month] = held
                before = end
        return Recurring(movements, months, committed)

    def _movements(self) -> Iterator[Movement]:
        for account_id, standings in self._standings.items():
            held, plan, ever = NOTHING, "", False
            for standing in standings:
                before, after = held.balances(), standing.balances()
                day = local_day(standing.at)
                plan = standing.plan(self._rates, day) or held.plan(self._rates, day) or plan
                starts, ends = not any(before.values()), not any(after.values())
                for currency in sorted(after):
                    was, now = before.get(currency, ZERO), after[currency]
                    if was == now:
                        continue
                    if starts:
                        movement_type = "reactivation" if ever else "new"
                    elif ends:
                        movement_type = "churn"
                    else:
                        movement_type = "expansion" if now > was else "contraction"
                    yield Movement(
                        account_id,
                        currency,
                        standing.at,
                        day,
                        movement_type,
                        was,
                        now,
                        now - was,
                        self._rates.eur(now - was, currency, day),
                        plan,
                        movement_type == "churn" and standing.is_involuntary,
                        False,
                    )
                held, ever = standing, ever or not ends

    def _account_month(
        self, account_id: str, standings: list[Standing], month: date, before: datetime | None, end: datetime
    ) -> AccountMonth | None:
        """None where neither this month's end nor the last one's has MRR."""
        standing = _at(standings, end)
        held, held_before = standing.balances(), (_at(standings, before) if before else NOTHING).balances()
        if not any(held.values()) and not any(held_before.values()):
            return None
        mrr = self._eur(held, end)
        previous = self._eur(held_before, before) if before else ZERO
        restated = self._eur(held_before, end)
        paying = [past for past in standings if past.at < end and any(past.balances().values())]
        movement_type = None
        if not any(held_before.values()):
            movement_type = "new" if paying[0].at >= midnight(month) else "reactivation"
        elif not any(held.values()):
            movement_type = "churn"
        elif mrr != restated:
            movement_type = "expansion" if mrr > restated else "contraction"
        plan = standing.plan(self._rates, last_day(end)) or paying[-1].plan(self._rates, last_day(end))
        assert plan is not None
        return AccountMonth(
            account_id,
            month,
            mrr,
            self._eur(standing.balances(billed=True), end),
            previous,
            movement_type,
            mrr - restated,
            restated - previous,
            plan,
            self._channels[account_id],
        )

    def _eur(self, balances: Balances, end: datetime) -> Decimal:
        """At the rate of the local day that `end` closes."""
        day = last_day(end)
        return sum((self._rates.eur(amount, currency, day) for currency, amount in balances.items()), ZERO)


def _at(standings: list[Standing], end: datetime) -> Standing:
    """What is held just before an exclusive end."""
    return next((standing for standing in reversed(standings) if standing.at < end), NOTHING)


def _standings(ledger: Ledger) -> Iterator[tuple[str, list[Standing]]]:
    told: dict[str, list[tuple[datetime, MrrChange | tuple[str, Notice]]]] = defaultdict(list)
    for change in ledger.changes:
        if change.livemode:
            told[change.account_id].append((change.effective_at, change))
    for given in ledger.notices:
        if given.notice in {Notice.LEAVING, Notice.STAYING}:
            told[given.account_id].append((given.given_at, (given.subscription_id, given.notice)))
    for account_id, entries in told.items():
        newest: dict[str, MrrChange] = {}
        leaving: set[str] = set()
        standings = []
        for instant, together in groupby(sorted(entries, key=lambda entry: entry[0]), key=lambda entry: entry[0]):
            for _, entry in together:
                if isinstance(entry, MrrChange):
                    newest[entry.subscription_id] = entry
                elif entry[1] is Notice.LEAVING:
                    leaving.add(entry[0])
                else:
                    leaving.discard(entry[0])
            standings.append(Standing(instant, tuple(newest.values()), frozenset(leaving)))
        if newest:
            yield account_id, standings
