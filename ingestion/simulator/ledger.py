"""The company's own account of what is true, written while the world decides it.

Every entry is put down by the decision that caused it, from the plan's own terms; none is read back from Stripe's
objects, from app events or from files. Reading helpers answer "how much at this instant"; they hold no business rule.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import pyarrow as pa

STRIPE_EVENT_DAYS = 30


class Cause(StrEnum):
    """Why a subscription's MRR (contract or billed) became what it is."""

    NEW = "new"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    SEAT_CHANGE = "seat_change"
    PRICE_CHANGE = "price_change"
    COUPON_START = "coupon_start"
    COUPON_END = "coupon_end"
    PAUSE = "pause"
    RESUME = "resume"
    UNPAID = "unpaid"
    RECOVERED = "recovered"
    CANCEL = "cancel"
    WIN_BACK = "win_back"
    SECOND_SUBSCRIPTION = "second_subscription"
    REPLACEMENT = "replacement"


@dataclass(frozen=True)
class MrrChange:
    """One subscription's MRR from `effective_at` on, in the original currency.

    `shown_from` is the instant from which invoice lines (with the subscription's own start and end) tell this state,
    None when they never do; `shown_to_reads_after` is when the invoice that tells it was finalised.
    """

    account_id: str
    currency: str
    subscription_id: str
    effective_at: datetime
    mrr_after: Decimal
    mrr_billed_after: Decimal
    plan: str
    cause: Cause
    is_involuntary: bool
    shown_from: datetime | None
    shown_to_reads_after: datetime | None
    livemode: bool = True

    @property
    def shown_by_invoices(self) -> bool:
        """Whether invoices alone tell this change at its own instant."""
        return self.shown_from == self.effective_at


# The instants of a subscription's changes, and the changes, in order.
_Standing = tuple[list[datetime], list[MrrChange]]


@dataclass(frozen=True)
class InvoiceRevenue:
    """Net revenue of one finalised invoice by revenue type; `voided_at` when it was voided later."""

    invoice_id: str
    account_id: str
    currency: str
    finalized_at: datetime
    net_by_type: dict[str, Decimal]
    voided_at: datetime | None = None


@dataclass(frozen=True)
class RevenueReduction:
    """A credit note or a succeeded refund, net of tax, positive; `invoice_id` None for a charge without an invoice.

    `already_credited` is the part of a refund (net) that a credit note had taken before.
    """

    kind: str
    source_id: str
    account_id: str
    invoice_id: str | None
    currency: str
    effective_at: datetime
    net_by_type: dict[str, Decimal]


@dataclass(frozen=True)
class TrialTruth:
    """A trial as it happened; `converted_at` is the payment of the first invoice above zero."""

    account_id: str
    started_at: datetime
    ends_at: datetime
    converted_at: datetime | None


@dataclass(frozen=True)
class SpendTruth:
    """Spend of a day as finally known, per vendor and currency, in major units."""

    spend_date: date
    channel: str
    vendor: str
    currency: str
    amount: Decimal


@dataclass
class Ledger:
    """The truth about one world, complete up to the world's end.

    `conversations`: one row a conversation that really started, tests included (columns in conversations.py).
    `agents`: one row an agent: agent_id, account_id, created_at, first_conversation_at (non-test, may be null).
    `quarantined` and `duplicates` count app rows that should never count, by reason, up to the world's end.
    """

    changes: list[MrrChange] = field(default_factory=list)
    invoices: list[InvoiceRevenue] = field(default_factory=list)
    reductions: list[RevenueReduction] = field(default_factory=list)
    trials: list[TrialTruth] = field(default_factory=list)
    spend: list[SpendTruth] = field(default_factory=list)
    conversations: pa.Table = field(default_factory=lambda: pa.table({}))
    agents: pa.Table = field(default_factory=lambda: pa.table({}))
    quarantined: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    # The changes by account, currency and subscription: rebuilt when the ledger has grown.
    _index: dict[tuple[str, str], dict[str, _Standing]] = field(default_factory=dict, init=False, repr=False)
    _indexed: int = field(default=0, init=False, repr=False)

    def mrr_at(self, account_id: str, currency: str, instant: datetime, *, billed: bool = False) -> Decimal:
        """MRR of an account in one currency just after everything up to `instant` (inclusive) has happened.

        `billed` takes off every coupon in force instead of contract coupons only.
        """
        total = Decimal("0.0000")
        for change in self._standing(account_id, currency, instant):
            total += change.mrr_billed_after if billed else change.mrr_after
        return total

    def is_shown(self, account_id: str, currency: str, instant: datetime, read_at: datetime) -> bool:
        """Whether Stripe, read once at `read_at`, can tell this account's MRR at `instant`.

        Within the 30 days of events it always can; before them only as far as invoices do.
        """
        if instant >= read_at - timedelta(days=STRIPE_EVENT_DAYS):
            return True
        return all(
            change.shown_from is not None
            and change.shown_from <= instant
            and change.shown_to_reads_after is not None
            and change.shown_to_reads_after < read_at
            for change in self._standing(account_id, currency, instant)
        )

    def accounts_with_mrr(self) -> list[tuple[str, str]]:
        """Every (account, currency) that ever had MRR, in order."""
        return sorted({(c.account_id, c.currency) for c in self.changes if c.livemode and c.mrr_after})

    def _standing(self, account_id: str, currency: str, instant: datetime) -> list[MrrChange]:
        standing = []
        for times, changes in self._by_account().get((account_id, currency), {}).values():
            position = bisect_right(times, instant.astimezone(UTC))
            if position:
                standing.append(changes[position - 1])
        return standing

    def _by_account(self) -> dict[tuple[str, str], dict[str, _Standing]]:
        if self._indexed != len(self.changes):
            self._index = defaultdict(dict)
            for change in sorted(self.changes, key=lambda c: (c.effective_at, c.subscription_id)):
                if change.livemode:
                    account = self._index[change.account_id, change.currency]
                    times, changes = account.setdefault(change.subscription_id, ([], []))
                    times.append(change.effective_at)
                    changes.append(change)
            self._indexed = len(self.changes)
        return self._index
