"""The simulator's ledger of recurring revenue in the shapes of the marts: movements, and account months.

Belongs here: what METRICS 2.2 says follows from balances, reckoned from the ledger's changes alone. Does not: reading
the warehouse, comparing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby

from ingestion.simulator.ledger import Ledger, MrrChange
from tests.e2e.exact import INSTANT, ZERO, Rates, local_day, midnight, next_month

Balances = dict[str, Decimal]


@dataclass(frozen=True)
class Movement:
    """A row of fct_mrr_movements, without `is_inferred`: the ledger infers nothing."""

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


@dataclass(frozen=True)
class AccountMonth:
    """A row of fct_mrr_account_months, without the channel, which is no matter of the ledger."""

    account_id: str
    mrr_month: date
    mrr_eur: Decimal
    mrr_billed_eur: Decimal
    mrr_previous_eur: Decimal
    movement_type: str | None
    mrr_delta_eur: Decimal
    fx_delta_eur: Decimal
    plan: str


@dataclass(frozen=True)
class Standing:
    """What an account holds from `at` on: its newest change of each subscription."""

    at: datetime
    changes: tuple[MrrChange, ...]

    def balances(self, *, billed: bool = False) -> Balances:
        """MRR by currency; a currency the account ever held stays, at zero."""
        sums: Balances = defaultdict(lambda: ZERO)
        for change in self.changes:
            sums[change.currency] += change.mrr_billed_after if billed else change.mrr_after
        return dict(sums)

    @property
    def plan(self) -> str | None:
        """The plan of the largest subscription, None without MRR."""
        paying = [change for change in self.changes if change.mrr_after]
        return max(paying, key=lambda change: change.mrr_after).plan if paying else None

    @property
    def is_involuntary(self) -> bool:
        """Whether a failed payment decided what changed at this very instant."""
        return any(change.is_involuntary for change in self.changes if change.effective_at == self.at)


NOTHING = Standing(datetime.min.replace(tzinfo=UTC), ())


def columns(row: type) -> str:
    """The row's fields as an SQL list: marts name them alike."""
    return ", ".join(field.name for field in fields(row))


class MrrTruth:
    """One ledger up to `end` (a local midnight), in EUR at the rates of `rates`."""

    def __init__(self, ledger: Ledger, rates: Rates, end: datetime) -> None:
        self._rates = rates
        self.end = end
        self.standings = dict(_standings(ledger))

    def at(self, account_id: str, instant: datetime) -> Standing:
        """What the account holds just after everything up to `instant` (inclusive)."""
        before = [standing for standing in self.standings.get(account_id, []) if standing.at <= instant]
        return before[-1] if before else NOTHING

    def movements(self) -> Iterator[Movement]:
        """Every change of MRR at its instant, by account, instant and currency."""
        for account_id, standings in self.standings.items():
            held, plan, ever = NOTHING, "", False
            for standing in standings:
                before, after = held.balances(), standing.balances()
                plan = standing.plan or plan
                starts, ends = not any(before.values()), not any(after.values())
                for currency in sorted(after):
                    was, now = before.get(currency, ZERO), after[currency]
                    if was == now:
                        continue
                    if starts:
                        row_type = "reactivation" if ever else "new"
                    elif ends:
                        row_type = "churn"
                    else:
                        row_type = "expansion" if now > was else "contraction"
                    day = local_day(standing.at)
                    yield Movement(
                        account_id,
                        currency,
                        standing.at,
                        day,
                        row_type,
                        was,
                        now,
                        now - was,
                        self._rates.eur(now - was, currency, day),
                        plan,
                        row_type == "churn" and standing.is_involuntary,
                    )
                held, ever = standing, ever or not ends

    def month_ends(self) -> Iterator[tuple[date, datetime]]:
        """(first day of the month, exclusive end) from the first movement to the end; the last may be running."""
        month = min(movement.effective_date for movement in self.movements()).replace(day=1)
        while midnight(month) < self.end:
            yield month, min(midnight(next_month(month)), self.end)
            month = next_month(month)

    def account_months(self) -> Iterator[AccountMonth]:
        """Every account and month with MRR at its end or at the end of the month before."""
        months = list(self.month_ends())
        for account_id in self.standings:
            rows = (
                self._account_month(account_id, month, end, months[number - 1][1] if number else None)
                for number, (month, end) in enumerate(months)
            )
            yield from (row for row in rows if row is not None)

    def _account_month(
        self, account_id: str, month: date, end: datetime, before: datetime | None
    ) -> AccountMonth | None:
        standing = self.at(account_id, end - INSTANT)
        earlier = self.at(account_id, before - INSTANT) if before else NOTHING
        held, held_before = standing.balances(), earlier.balances()
        if not any(held.values()) and not any(held_before.values()):
            return None
        mrr = self._eur(held, end)
        previous = self._eur(held_before, before) if before else ZERO
        restated = self._eur(held_before, end)
        first = next(standing.at for standing in self.standings[account_id] if any(standing.balances().values()))
        movement_type = None
        if not any(held_before.values()):
            movement_type = "new" if first >= midnight(month) else "reactivation"
        elif not any(held.values()):
            movement_type = "churn"
        elif mrr != restated:
            movement_type = "expansion" if mrr > restated else "contraction"
        plans = [past.plan for past in self.standings[account_id] if past.at < end and past.plan]
        return AccountMonth(
            account_id,
            month,
            mrr,
            self._eur(standing.balances(billed=True), end),
            previous,
            movement_type,
            mrr - restated,
            restated - previous,
            standing.plan or plans[-1],
        )

    def _eur(self, balances: Balances, end: datetime) -> Decimal:
        """At the rate of the local day that `end` closes."""
        day = local_day(end - INSTANT)
        return sum((self._rates.eur(amount, currency, day) for currency, amount in balances.items()), ZERO)


def _standings(ledger: Ledger) -> Iterator[tuple[str, list[Standing]]]:
    def account(change: MrrChange) -> str:
        return change.account_id

    live = sorted(
        (change for change in ledger.changes if change.livemode),
        key=lambda change: (change.account_id, change.effective_at),
    )
    for account_id, changes in groupby(live, key=account):
        newest: dict[str, MrrChange] = {}
        standings = []
        for instant, together in groupby(changes, key=lambda change: change.effective_at):
            newest |= {change.subscription_id: change for change in together}
            standings.append(Standing(instant, tuple(newest.values())))
        yield account_id, standings
