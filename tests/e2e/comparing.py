"""Truth beside mart: every row, to the last decimal, and a readable word on what differs.

Belongs here: comparing two sets of rows, and naming the causes of what one reading of Stripe cannot show. Does not:
making the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

from ingestion.simulator.ledger import STRIPE_EVENT_DAYS, Cause, Ledger
from tests.e2e.exact import INSTANT

SHOWN = 8


def assert_same(told: Iterable[Hashable], published: Iterable[Hashable]) -> int:
    """Every row of the truth is published once, and no other; returns how many."""
    truth, mart = Counter(told), Counter(published)
    missing, extra = list((truth - mart).elements()), list((mart - truth).elements())
    assert not missing and not extra, (
        f"of {len(truth)} true rows {len(missing)} are not published, and {len(extra)} published rows are not true:\n"
        + "\n".join([f"  true:      {row}" for row in sorted(missing, key=str)[:SHOWN]])
        + "\n"
        + "\n".join([f"  published: {row}" for row in sorted(extra, key=str)[:SHOWN]])
    )
    return truth.total()


class Visibility:
    """What one reading of Stripe at `read_at` can tell of an account's recurring revenue."""

    def __init__(self, ledger: Ledger, read_at: datetime) -> None:
        self._ledger = ledger
        self._read_at = read_at
        self._currencies: dict[str, set[str]] = {}
        for change in ledger.changes:
            self._currencies.setdefault(change.account_id, set()).add(change.currency)

    def shows(self, account_id: str, instant: datetime) -> bool:
        """Whether all the account's balances at the instant, and just before it, can be told."""
        return all(
            self._ledger.is_shown(account_id, currency, moment, self._read_at)
            for currency in self._currencies.get(account_id, ())
            for moment in (instant, instant - INSTANT)
        )

    def hiding(self, account_id: str, instant: datetime) -> Cause | None:
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
