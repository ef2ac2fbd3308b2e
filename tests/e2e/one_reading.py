"""What one reading of Stripe can tell of twenty months: the ledger, but for changes that no invoice told in time.

Belongs here: naming what is hidden and why, and recurring revenue as it can be read then. Does not: the truth of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from ingestion.simulator.ledger import STRIPE_EVENT_DAYS, Cause, Ledger
from tests.e2e.exact import INSTANT, previous_month
from tests.e2e.truth.recurring import AccountMonth, Movement, Recurring

# What no invoice tells at its own instant: collection paused and resumed, an invoice that stays unpaid or is paid late,
# a change that is not prorated or takes an item away, a coupon given or taken back between two invoices.
UNSEEN = {
    Cause.PAUSE,
    Cause.RESUME,
    Cause.UNPAID,
    Cause.RECOVERED,
    Cause.SEAT_CHANGE,
    Cause.UPGRADE,
    Cause.DOWNGRADE,
    Cause.COUPON_START,
    Cause.COUPON_END,
}
RowT = TypeVar("RowT", Movement, AccountMonth)


class OneReading:
    """A reading of everything at `read_at`, when Stripe still has the events of 30 days.

    `ends`: month → its exclusive end.
    """

    def __init__(self, ledger: Ledger, read_at: datetime, ends: Mapping[date, datetime]) -> None:
        self._ledger = ledger
        self._read_at = read_at
        self._ends = ends
        self._currencies: dict[str, set[str]] = {}
        for change in ledger.changes:
            self._currencies.setdefault(change.account_id, set()).add(change.currency)

    def of(self, told: Recurring, read: Recurring) -> Recurring:
        """What is told, with the rows as they were read where a hidden change accounts for the difference."""
        keys = told.committed_eur.keys() | read.committed_eur.keys()
        committed = {
            key: (read if self._is_hidden(key[0], *self._moments(key[1])) else told).committed_eur.get(key)
            for key in keys
        }
        return Recurring(
            self._either(told.movements, read.movements),
            self._either(told.months, read.months),
            {key: amount for key, amount in committed.items() if amount is not None},
        )

    def _either(self, told: Iterable[RowT], read: Iterable[RowT]) -> list[RowT]:
        true, found = set(told), set(read)
        kept = [row for row in told if row in found or not self._is_hidden_row(row)]
        return kept + [row for row in read if row not in true and self._is_hidden_row(row)]

    def _is_hidden_row(self, row: Movement | AccountMonth) -> bool:
        moments = (row.effective_at,) if isinstance(row, Movement) else self._moments(row.mrr_month)
        return self._is_hidden(row.account_id, *moments)

    def _moments(self, month: date) -> list[datetime]:
        """The instants that a month's row is judged by: just before its end, and before that of the month before."""
        return [self._ends[known] - INSTANT for known in (month, previous_month(month)) if known in self._ends]

    def _is_hidden(self, account_id: str, *moments: datetime) -> bool:
        """Whether something that cannot be told decides the account's standing at one of the instants."""
        causes = {self._cause(account_id, moment) for moment in moments} - {None}
        return bool(causes) and causes <= UNSEEN and not all(self._shows(account_id, moment) for moment in moments)

    def _shows(self, account_id: str, instant: datetime) -> bool:
        """Whether all the account's balances at the instant, and just before it, can be told."""
        return all(
            self._ledger.is_shown(account_id, currency, moment, self._read_at)
            for currency in self._currencies.get(account_id, ())
            for moment in (instant, instant - INSTANT)
        )

    def _cause(self, account_id: str, instant: datetime) -> Cause | None:
        """Why the account's standing is told late or never: the cause of its newest change in the dark by then."""
        events_from = self._read_at - timedelta(days=STRIPE_EVENT_DAYS)
        hidden = [
            change.cause
            for change in self._ledger.changes
            if change.account_id == account_id
            and change.effective_at <= instant
            and change.effective_at < events_from
            and not (
                change.shown_by_invoices
                and change.shown_to_reads_after is not None
                and change.shown_to_reads_after < self._read_at
            )
        ]
        return hidden[-1] if hidden else None
