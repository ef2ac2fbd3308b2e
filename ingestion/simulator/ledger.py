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
class AccountTruth:
    """Who an account is, and the channel its first visitor came by ("other" for one that the app never saw).

    An account that Stripe alone knows was created with its first customer, in no country.
    """

    account_id: str
    created_at: datetime
    country: str | None
    channel: str


@dataclass(frozen=True)
class ItemMrr:
    """What one item brings to its subscription's contract MRR; `plan` is its product's tier, else "other"."""

    item_id: str
    plan: str
    mrr: Decimal


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
    items: tuple[ItemMrr, ...]
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


class Notice(StrEnum):
    """What becomes of a subscription without touching its MRR."""

    LEAVING = "leaving"
    STAYING = "staying"
    PAST_DUE = "past_due"
    PAID_UP = "paid_up"


@dataclass(frozen=True)
class NoticeGiven:
    """A notice, and the instant from which it holds: until the one that takes it back."""

    account_id: str
    subscription_id: str
    given_at: datetime
    notice: Notice


@dataclass(frozen=True)
class RevenueLine:
    """Net money of one line, in major units; `service` is the period it pays for, None for what is taken back."""

    line_id: str
    revenue_type: str
    net: Decimal
    service: tuple[datetime, datetime] | None = None


@dataclass(frozen=True)
class InvoiceRevenue:
    """Net revenue of one finalised invoice; `voided_at` when it was voided later."""

    invoice_id: str
    account_id: str
    currency: str
    finalized_at: datetime
    lines: tuple[RevenueLine, ...]
    voided_at: datetime | None = None

    @property
    def net_by_type(self) -> dict[str, Decimal]:
        """Its net by revenue type, types in alphabetical order."""
        nets: dict[str, Decimal] = defaultdict(Decimal)
        for line in sorted(self.lines, key=lambda line: line.revenue_type):
            nets[line.revenue_type] += line.net
        return dict(nets)


@dataclass(frozen=True)
class RevenueReduction:
    """A credit note or a succeeded refund, net of tax, positive; `invoice_id` None for a charge without an invoice.

    `given_back` is the part of a refund, tax included, that no credit note had taken before.
    """

    kind: str
    source_id: str
    account_id: str
    invoice_id: str | None
    currency: str
    effective_at: datetime
    lines: tuple[RevenueLine, ...]
    given_back: Decimal = Decimal(0)


@dataclass(frozen=True)
class TrialTruth:
    """A trial as it happened; `converted_at` is the payment of the first invoice above zero."""

    account_id: str
    started_at: datetime
    ends_at: datetime
    converted_at: datetime | None


@dataclass(frozen=True)
class AppConversion:
    """A conversion that the app tracked when it happened; some it forgets."""

    account_id: str
    converted_at: datetime


@dataclass(frozen=True)
class SpendTruth:
    """What a day costs of one bill, or of one campaign as finally known, in major units; a bill may outlast the world.

    `billed_on` is the first day of the bill, the day itself for advertising, which alone reports volumes.
    """

    billed_on: date
    spend_date: date
    channel: str
    vendor: str
    currency: str
    amount: Decimal
    clicks: int | None = None
    impressions: int | None = None
    conversions: Decimal | None = None


@dataclass
class Ledger:
    """The truth about one world, complete up to the world's end.

    `conversations`: one row a conversation that really started, tests included (columns in conversations.py).
    `agents`: one row an agent: agent_id, account_id, created_at, deleted_at, first_conversation_at (non-test); the last
    two may be null.
    `quarantined`, `set_aside` and `duplicates` count app rows that no number counts, by reason, up to the world's end.
    """

    accounts: list[AccountTruth] = field(default_factory=list)
    changes: list[MrrChange] = field(default_factory=list)
    notices: list[NoticeGiven] = field(default_factory=list)
    invoices: list[InvoiceRevenue] = field(default_factory=list)
    reductions: list[RevenueReduction] = field(default_factory=list)
    trials: list[TrialTruth] = field(default_factory=list)
    app_conversions: list[AppConversion] = field(default_factory=list)
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
