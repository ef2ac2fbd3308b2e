"""What a subscription held at any instant: by its versions, before them by invoice lines, else by its own dates.

Belongs here: METRICS 2.2 "History", and each item's MRR at an instant. Does not: accounts and movements (ledger).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tests.oracle.clock import instant
from tests.oracle.discounts import (
    DiscountedItem,
    OnceUse,
    apply_discounts,
    customers_own,
    in_listed_order,
    is_in_force,
    listed_on_item,
    listed_on_subscription,
    once_uses,
)
from tests.oracle.inputs import JsonObject
from tests.oracle.invoice_lines import is_proration, item_of, item_of_proration, price_id_of
from tests.oracle.money import money
from tests.oracle.prices import currency_of, gross_monthly, is_licensed
from tests.oracle.stripe_books import StripeBooks, references
from tests.oracle.taxes import TaxedPeriod, net_factor, taxed_periods
from tests.oracle.versions import Version, in_force

COUNTED = frozenset({"active", "past_due"})
ENDED = frozenset({"unpaid", "canceled"})


@dataclass(frozen=True)
class HeldItem:
    """An item as it was held: price, quantity, its own discounts and the subscription's, by id."""

    item_id: str
    price: JsonObject
    quantity: int
    own_discounts: tuple[str, ...]
    subscription_discounts: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """An invoice's word that an item was held from `start` to `end`; on trial it is 0 meanwhile."""

    start: datetime
    end: datetime
    held: HeldItem
    is_trial: bool = False


@dataclass(frozen=True)
class ItemMrr:
    """One item's MRR at an instant, its currency, rounded to 4 decimals; `billed` with every coupon off."""

    item_id: str
    currency: str
    mrr: Decimal
    billed: Decimal
    plan: str
    is_committed: bool
    is_inferred: bool


class SubscriptionHistory:
    """One subscription through time."""

    def __init__(self, books: StripeBooks, subscription_id: str, versions: Sequence[Version]) -> None:
        self.subscription_id = subscription_id
        self._books = books
        self._versions = versions
        self._first = versions[0].document
        self.customer_id = str(self._first["customer"])
        self._uses: list[OnceUse] = once_uses(books, subscription_id)
        self._taxed: Mapping[str, Sequence[TaxedPeriod]] = taxed_periods(books, subscription_id)
        self._statements = self._invoice_statements()
        self._inferred = [] if self._statements else self._inferred_statements()

    @property
    def known_since(self) -> datetime:
        """Where the versions begin."""
        return self._versions[0].valid_from

    @property
    def item_ids(self) -> set[str]:
        """Items it ever held."""
        held = [item for version in self._versions for item in _items_of(self._books, version.document)]
        held += [statement.held for statement in (*self._statements, *self._inferred)]
        return {item.item_id for item in held}

    def instants(self) -> set[datetime]:
        """Every instant at which its MRR may change."""
        found = {version.valid_from for version in self._versions}
        for statement in (*self._statements, *self._inferred):
            found |= {statement.start, statement.end}
        for use in self._uses:
            found |= {use.start, use.end}
        for period in (period for periods in self._taxed.values() for period in periods):
            found |= {period.start, period.end}
        for discount in self._discounts_met():
            found |= {instant(discount[edge]) for edge in ("start", "end") if discount.get(edge) is not None}
            found |= {self._books.deletions[discount["id"]]} if discount["id"] in self._books.deletions else set()
        if self._first.get("canceled_at"):
            found.add(instant(self._first["canceled_at"]))
        return found

    def _discounts_met(self) -> Iterator[JsonObject]:
        held = [item for version in self._versions for item in _items_of(self._books, version.document)]
        held += [statement.held for statement in (*self._statements, *self._inferred)]
        met = {discount for item in held for discount in (*item.own_discounts, *item.subscription_discounts)}
        yield from (self._books.discounts[discount] for discount in met if discount in self._books.discounts)
        yield from self._books.customer_discounts.get(self.customer_id, ())

    def items_at(self, moment: datetime) -> list[ItemMrr]:
        """MRR of its items at a moment; empty when it counts nothing."""
        version = in_force(self._versions, moment)
        if version is not None:
            if version["status"] not in COUNTED or version.get("pause_collection"):
                return []
            is_committed = not (version.get("cancel_at_period_end") or version.get("cancel_at"))
            return self._reckon(_items_of(self._books, version), moment, is_committed, False)
        canceled_at = self._first.get("canceled_at")
        is_committed = canceled_at is None or moment < instant(canceled_at)
        inferred = not self._statements
        return self._reckon(self._stated_at(moment), moment, is_committed, inferred)

    def is_past_due_before(self, moment: datetime) -> bool:
        """Whether it counts MRR and is past due, by the last version before a moment."""
        known = [version.document for version in self._versions if version.valid_from < moment]
        return bool(known) and known[-1]["status"] == "past_due" and not known[-1].get("pause_collection")

    def turns_involuntarily(self, moment: datetime) -> bool:
        """Whether a churn at this moment is the doing of a payment that failed."""
        version = in_force(self._versions, moment)
        told = version if version is not None else self._first
        if told["status"] not in ENDED:
            return False
        reason = (told.get("cancellation_details") or {}).get("reason")
        if reason in ("payment_failed", "cancellation_requested"):
            return bool(reason == "payment_failed")
        before = [v.document["status"] for v in self._versions if v.valid_from < moment]
        return told["status"] == "unpaid" or (bool(before) and before[-1] == "past_due")

    def _reckon(
        self, held: Sequence[HeldItem], moment: datetime, is_committed: bool, is_inferred: bool
    ) -> list[ItemMrr]:
        licensed = [item for item in held if is_licensed(item.price)]
        contract, billed = self._discounted(licensed, moment, True), self._discounted(licensed, moment, False)
        found = []
        for item, by_contract, by_bill in zip(licensed, contract, billed, strict=True):
            if (self._books.product_of(item.price).get("metadata") or {}).get("revenue_type") == "services":
                continue
            found.append(
                ItemMrr(
                    item_id=item.item_id,
                    currency=currency_of(item.price),
                    mrr=money(by_contract.left),
                    billed=money(by_bill.left),
                    plan=self._books.plan_of(item.price),
                    is_committed=is_committed,
                    is_inferred=is_inferred,
                )
            )
        return found

    def _discounted(self, held: Sequence[HeldItem], moment: datetime, only_forever: bool) -> list[DiscountedItem]:
        items = [
            DiscountedItem(
                item.price,
                self._working(item.own_discounts, item.item_id, moment),
                self._working(item.subscription_discounts, None, moment),
                # The price is taken net before anything is taken off it.
                gross_monthly(self._books, item.price, item.quantity)
                * net_factor(item.price, self._taxed.get(item.item_id, ()), moment),
            )
            for item in held
        ]
        # What the invoice of any line in force lists is the subscription's, so it is on every item.
        shared = in_listed_order([item.subscriptions for item in items])
        for item in items:
            item.subscriptions = shared or customers_own(self._books, self.customer_id, moment, self._uses)
        apply_discounts(self._books, items, only_forever=only_forever)
        return items

    def _working(self, listed: Sequence[str], item_id: str | None, moment: datetime) -> list[str]:
        """Listed discounts in force, and `once` coupons at work that Stripe lists no more since they were used.

        These stand where the invoice had them, before what it did not list.
        """
        working = [discount for discount in listed if is_in_force(self._books, discount, moment, self._uses)]
        uses = [use for use in self._uses if use.item_id == item_id and use.is_in_force(moment)]
        for use in uses:
            if use.discount_id not in working:
                after = set(use.order[use.order.index(use.discount_id) :])
                position = next((n for n, discount in enumerate(working) if discount in after), len(working))
                working.insert(position, use.discount_id)
        return working

    def _stated_at(self, moment: datetime) -> list[HeldItem]:
        """What the latest statement covering a moment says of each item."""
        found: dict[str, Statement] = {}
        for statement in (*self._statements, *self._inferred):
            if statement.start <= moment < statement.end:
                found[statement.held.item_id] = statement
        return [found[item_id].held for item_id in sorted(found) if not found[item_id].is_trial]

    def _invoice_statements(self) -> list[Statement]:
        """Statements before the first version, ordered so that the later one has the last word."""
        if self._first["status"].startswith("incomplete"):
            return []
        stated = [
            statement
            for invoice in self._books.invoices_by_subscription.get(self.subscription_id, ())
            for statement in _statements(self._books, invoice, self._first)
            if statement.start < self.known_since
        ]
        stated.sort(key=lambda statement: statement.start)
        last: dict[str, int] = {statement.held.item_id: index for index, statement in enumerate(stated)}
        if self._first["status"] not in ENDED:
            still_held = {item["id"] for item in self._first["items"]["data"]}
            for item_id in still_held & last.keys():
                index = last[item_id]
                stated[index] = replace(stated[index], end=max(stated[index].end, self.known_since))
        ended_at = self._first.get("ended_at")
        if ended_at is not None:
            stated = [replace(s, end=min(s.end, instant(ended_at))) for s in stated]
        return [statement for statement in stated if statement.start < statement.end]

    def _inferred_statements(self) -> list[Statement]:
        """Neither versions nor lines: the object's own dates, with what it holds (METRICS 2.2, History 3)."""
        first = self._first
        started = instant(first["start_date"])
        # What is paused says of itself that it counts nothing, and nobody says since when.
        is_paused = first["status"] in COUNTED and first.get("pause_collection")
        if first["status"] not in (*COUNTED, "canceled") or is_paused:
            return []
        if first.get("trial_end"):
            started = max(started, instant(first["trial_end"]))
        ended = instant(first["ended_at"]) if first.get("ended_at") else self.known_since
        return [
            Statement(started, ended, item)
            for item in _items_of(self._books, first)
            if started < min(ended, self.known_since)
        ]


def _items_of(books: StripeBooks, document: JsonObject) -> list[HeldItem]:
    subscription_discounts = references(document.get("discounts"))
    return [
        HeldItem(
            item["id"],
            item["price"],
            item.get("quantity") or 0,
            references(item.get("discounts")),
            subscription_discounts,
        )
        for item in document["items"]["data"]
    ]


def _statements(books: StripeBooks, invoice: JsonObject, subscription: JsonObject) -> Iterator[Statement]:
    """What one finalised invoice says. The lines of tiers are one item: their quantities add up."""
    lines = invoice["lines"]["data"]
    groups: dict[tuple[str, str, int, int, bool], list[JsonObject]] = defaultdict(list)
    for line in lines:
        price = books.prices.get(price_id_of(line) or "", {})
        if price.get("recurring") is None:
            continue
        if is_proration(line):
            if line["amount"] <= 0:
                continue
            item = item_of_proration(line, lines)
        else:
            item = item_of(line) or line["id"]
        groups[item, price["id"], line["period"]["start"], line["period"]["end"], is_proration(line)].append(line)
    for (item, price_id, start, end, _), billed in groups.items():
        yield Statement(
            instant(start),
            instant(end),
            HeldItem(
                item,
                books.prices[price_id],
                sum(line.get("quantity") or 0 for line in billed),
                tuple(listed_on_item(books, invoice, billed[0])),
                tuple(listed_on_subscription(books, invoice)),
            ),
            _is_in_trial(subscription, start),
        )


def _is_in_trial(subscription: JsonObject, start: int) -> bool:
    """The lines of a trial are 0."""
    trial_start, trial_end = subscription.get("trial_start"), subscription.get("trial_end")
    return trial_start is not None and trial_end is not None and trial_start <= start < trial_end


def histories(books: StripeBooks, versions: Mapping[str, Sequence[Version]]) -> list[SubscriptionHistory]:
    """Every subscription ever seen, by id."""
    return [
        SubscriptionHistory(books, subscription_id, versions[subscription_id]) for subscription_id in sorted(versions)
    ]
