"""The acts of a subscription: trials, renewals, changes, coupons, pauses, failed payments and endings.

Each act bills what Stripe would bill, records the subscription as it then stands, and puts the MRR that follows from
the plan's own terms into the ledger. Which act happens when is decided in lifecycle.py and cast.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from ingestion.simulator import invoicing
from ingestion.simulator.books import Json
from ingestion.simulator.clock import DAY, HOUR, add_intervals, instant_of
from ingestion.simulator.desk import AppSignal
from ingestion.simulator.invoicing import Line
from ingestion.simulator.ledger import Cause, ItemMrr, MrrChange, Notice, NoticeGiven
from ingestion.simulator.pricing import Coupon, Discount, Price, full_charge
from ingestion.simulator.subscription_state import NO_MRR, Item, SubscriptionState

FINALISED_AFTER = HOUR
GIVEN_UP_AFTER = 21 * DAY


@dataclass
class Subscription(SubscriptionState):
    """A subscription of one customer. Open it with `start`; every act takes its instant in Unix seconds."""

    # What becomes of the renewals whose numbers are named: "recovers", "canceled", "unpaid", "unpaid then canceled",
    # "unpaid then paid"; others are paid at once.
    failures: dict[int, str] = field(default_factory=dict)
    pending: list[Line] = field(default_factory=list)
    awaiting_proof: list[int] = field(default_factory=list)
    mrr: tuple[tuple[ItemMrr, ...], Decimal] = NO_MRR

    # -- opening ----------------------------------------------------------------------------------------------------

    def start(
        self, at: int, *, trial_days: int | None = None, coupons: Sequence[Coupon] = (), incomplete: bool = False
    ) -> None:
        """Open it now: with a trial, with its first payment, or `incomplete` (the first payment never came)."""
        self.id = self.desk.name("sub")
        self.started_at = self.anchor = at
        self.discounts = [self._grant(coupon, at) for coupon in coupons]
        self.granted = [d for d in self.discounts if d.coupon.duration != "once"]
        if trial_days is not None:
            self.trial = (at, at + trial_days * DAY)
            self.anchor, self.status, self.period = self.trial[1], "trialing", self.trial
            self.desk.trial = self.desk.trial or self.trial
            lines = [
                Line(i.price, i.quantity, Decimal(0), 0, *self.period, item_id=i.id, subscription_id=self.id)
                for i in self.items
                if i.quantity is not None
            ]
            draft = self._issue(lines, at, "subscription_create")
            invoicing.pay(self.customer, self._finalise(draft, lines, at), at)
            self._record(at, "customer.subscription.created")
            self.desk.at(self.trial[1], self._leave_trial)
            return
        self.period = (at, add_intervals(self.anchor, *self.interval(1)))
        lines = self.period_lines()
        opened = self._finalise(self._issue(lines, at, "subscription_create"), lines, at)
        if incomplete:
            self.status = "incomplete"
            declined = invoicing.decline(self.customer, opened, at)
            self._record(at, "customer.subscription.created")
            self.desk.at(at + 23 * HOUR, lambda instant: self._expire(instant, declined))
            return
        invoicing.pay(self.customer, opened, at)
        self._record(at, "customer.subscription.created")
        self._use_up_once(at)
        self._book(at, self._cause_of_start(), shown_from=at, proof_at=at)
        self._plan_renewal()

    def _expire(self, at: int, opened: Json) -> None:
        self.status, self.ended_at = "incomplete_expired", at
        invoicing.close(self.customer, opened, at, "void")
        self._record(at, "customer.subscription.updated")

    def _leave_trial(self, at: int) -> None:
        if self.status != "trialing" or self.trial is None or self.trial[1] != at:
            return
        if self.without_card == "pause":
            self.status = "paused"
            self._record(at, "customer.subscription.paused")
            return
        if self.without_card == "cancel":
            self._end(at, None)
            return
        if self.cancel_at_period_end:
            self._end(at, self.reason or "cancellation_requested")
            return
        self.status, self.cycle = "active", 0
        self.period = (at, add_intervals(self.anchor, *self.interval(1)))
        self._bill_period(at)
        self._book(at, self._cause_of_start(), shown_from=at, proof_at=at + FINALISED_AFTER)
        self.signal_conversion(at)

    def end_trial_now(self, at: int) -> None:
        """The customer pays before the trial is over."""
        if self.status == "trialing" and self.trial is not None:
            self.trial = self.desk.trial = (self.trial[0], at)
            self.anchor = at
            self._leave_trial(at)

    # -- renewals ---------------------------------------------------------------------------------------------------

    def _plan_renewal(self) -> None:
        self.desk.at(self.period[1], self._renew)

    def _renew(self, at: int) -> None:
        if at != self.period[1] or self.status not in {"active", "past_due", "unpaid"}:
            return
        if self.cancel_at_period_end:
            self._end(at, self.reason or "cancellation_requested")
            return
        self.cycle += 1
        self.period = (at, add_intervals(self.anchor, *self.interval(self.cycle + 1)))
        self._drop_expired(at)
        self._bill_period(at)
        self._book(at, Cause.COUPON_END, shown_from=at, proof_at=at + FINALISED_AFTER)

    def _bill_period(self, at: int) -> None:
        lines = self.period_lines() + self.pending
        self.pending = []
        draft = self._issue(lines, at, "subscription_cycle")
        self._record(at, "customer.subscription.updated")
        self._use_up_once(at)
        self._plan_renewal()
        if self.status == "unpaid" or self.pause == "keep_as_draft":
            return
        if self.pause == "void":
            invoicing.close(self.customer, draft, at + 1, "void")
            return
        for position in self.awaiting_proof:
            change = self.desk.ledger.changes[position]
            self.desk.ledger.changes[position] = replace(change, shown_to_reads_after=instant_of(at + FINALISED_AFTER))
        self.awaiting_proof = []
        cycle = self.cycle
        self.desk.at(at + FINALISED_AFTER, lambda instant: self._collect(instant, draft, lines, cycle))

    def _collect(self, at: int, draft: Json, lines: Sequence[Line], cycle: int) -> None:
        opened = self._finalise(draft, lines, at)
        if self.pause == "mark_uncollectible":
            invoicing.close(self.customer, opened, at + 1, "uncollectible")
            return
        outcome = self.failures.get(cycle)
        if outcome is None or not opened["amount_due"] or self.status != "active":
            invoicing.pay(self.customer, opened, at + 2)
            return
        declined = invoicing.decline(self.customer, opened, at)
        self.status = "past_due"
        self._record(at, "customer.subscription.updated")
        self._notice(at, Notice.PAST_DUE)
        self.desk.at(at + 3 * DAY, lambda instant: self._retry(instant, declined, outcome))

    def _retry(self, at: int, invoice: Json, outcome: str) -> None:
        if self.status != "past_due":
            return
        if outcome == "recovers":
            invoicing.pay(self.customer, invoice, at)
            self.status = "active"
            self._record(at, "customer.subscription.updated")
            self._notice(at, Notice.PAID_UP)
            return
        declined = invoicing.decline(self.customer, invoice, at)
        self.desk.at(at + GIVEN_UP_AFTER - 3 * DAY, lambda instant: self._give_up(instant, declined, outcome))

    def _give_up(self, at: int, invoice: Json, outcome: str) -> None:
        if self.status != "past_due":
            return
        if outcome == "canceled":
            invoicing.close(self.customer, invoice, at, "uncollectible")
            self._end(at, "payment_failed")
            return
        self.status = "unpaid"
        self._record(at, "customer.subscription.updated")
        self._book(at, Cause.UNPAID, shown_from=self.period[1], proof_at=at, involuntary=True)
        if outcome == "unpaid then canceled":
            self.desk.at(at + 65 * DAY, lambda instant: self._end(instant, "payment_failed"))
        if outcome == "unpaid then paid":
            self.desk.at(at + 40 * DAY, lambda instant: self._recover(instant, invoice))

    def _recover(self, at: int, invoice: Json) -> None:
        invoicing.pay(self.customer, invoice, at)
        self.status = "active"
        self._record(at, "customer.subscription.updated")
        self._notice(at, Notice.PAID_UP)
        self._book(at, Cause.RECOVERED, shown_from=self.period[1], proof_at=self.period[1] + FINALISED_AFTER)

    # -- changes ----------------------------------------------------------------------------------------------------

    def change(self, at: int, wanted: Sequence[tuple[Price, int | None]], cause: Cause, *, proration: str) -> None:
        """Hold other prices or quantities from now: item by item, in order; extra ones are added, missing ones go.

        `proration` is "invoice" (billed at once), "next" (on the next renewal) or "none" (nothing billed for the rest).
        A new billing interval starts a new period now, with a full charge.
        """
        if self.status != "active" or self.pause:
            return
        before = list(self.items)
        old_lines = self.period_lines(bare=True)
        kept = [
            Item(item.id, price, quantity, item.created, item.discounts)
            for item, (price, quantity) in zip(before, wanted, strict=False)
        ]
        added = [Item(self.desk.name("si"), price, quantity, at) for price, quantity in wanted[len(before) :]]
        self.items = kept + added
        new_interval = self.interval(1) != (before[0].price.interval, before[0].price.interval_count)
        share = Fraction(self.period[1] - at, self.period[1] - self.period[0])
        shared = self.shared_discounts(at)
        touched = {i.id for i in before} - {
            i.id for i in kept for b in before if b.id == i.id and (b.price, b.quantity) == (i.price, i.quantity)
        }
        credits: list[Line] = []
        if proration != "none" or new_interval:
            line_ids = tuple(line["id"] for line in self._last_lines())
            given_back = [line for line in old_lines if line.item_id in touched]
            source = (self.latest_invoice or "", line_ids)
            credits = invoicing.prorated(given_back, share, at, discounts=shared, credited=source)
        if new_interval:
            self.anchor, self.cycle = at, 0
            self.period = (at, add_intervals(at, *self.interval(1)))
            self._bill_now([*credits, *self.period_lines()], at)
            self._book(at, cause, shown_from=at, proof_at=at)
            self._plan_renewal()
            return
        if proration == "none":
            self._record(at, "customer.subscription.updated")
            proof = self.period[1] + FINALISED_AFTER
            self._book(at, cause, shown_from=self.period[1], proof_at=proof)
            return
        new_ids = touched | {item.id for item in added}
        fresh = [line for line in self.period_lines(bare=True) if line.item_id in new_ids]
        debits = invoicing.prorated(fresh, share, at, discounts=shared, credited=None)
        removes = len(wanted) < len(before)
        shown = self.period[1] if removes else at
        if proration == "invoice":
            self._bill_now([*credits, *debits], at)
            proof_at: int | None = self.period[1] + FINALISED_AFTER if removes else at
            self._book(at, cause, shown_from=shown, proof_at=proof_at)
            return
        self.pending += [*credits, *debits]
        self._record(at, "customer.subscription.updated")
        if self._book(at, cause, shown_from=shown, proof_at=None):
            self.awaiting_proof.append(len(self.desk.ledger.changes) - 1)

    def give(self, at: int, coupon: Coupon, *, item: int | None = None) -> None:
        """A coupon from now on; it is billed with the next invoice."""
        discount = self._grant(coupon, at, item=self.items[item] if item is not None else None)
        if item is not None:
            self.items[item].discounts.append(discount)
        else:
            self.discounts.append(discount)
            if coupon.duration != "once":
                self.granted.append(discount)
        self._record(at, "customer.subscription.updated")
        proof = self.period[1] + FINALISED_AFTER
        self._book(at, Cause.COUPON_START, shown_from=self.period[1], proof_at=proof)
        if discount.end is not None:
            self.desk.at(discount.end, self._end_coupons)

    def take_back(self, at: int) -> None:
        """All coupons of the subscription end now."""
        for discount in self.discounts:
            self.desk.forget_discount(discount, at)
        self.discounts = []
        self.granted = [d if d.end is not None and d.end <= at else replace(d, end=at) for d in self.granted]
        self._record(at, "customer.subscription.updated")
        proof = self.period[1] + FINALISED_AFTER
        self._book(at, Cause.COUPON_END, shown_from=self.period[1], proof_at=proof)

    def set_pause(self, at: int, behavior: str | None) -> None:
        """Pause collection ("void", "keep_as_draft", "mark_uncollectible"), or resume it with None."""
        if self.status not in {"active", "past_due"} or self.pause == behavior:
            return
        paused_in_this_period = behavior is None and self.pause is not None and self.paused_at >= self.period[0]
        uncollected = self.pause == "mark_uncollectible"
        self.pause = behavior
        self._record(at, "customer.subscription.updated")
        if behavior is not None:
            self.paused_at = at
            self._book(at, Cause.PAUSE, shown_from=None, proof_at=None)
        elif paused_in_this_period or uncollected:
            self._book(at, Cause.RESUME, shown_from=at, proof_at=at)
        else:
            proof = self.period[1] + FINALISED_AFTER
            self._book(at, Cause.RESUME, shown_from=self.period[1], proof_at=proof)

    # -- endings ----------------------------------------------------------------------------------------------------

    def schedule_cancel(self, at: int) -> None:
        """Cancel when the running period (or the trial) is over."""
        if self.status in {"active", "past_due", "trialing"}:
            self.cancel_at_period_end, self.canceled_at, self.reason = True, at, "cancellation_requested"
            self._record(at, "customer.subscription.updated")
            self._notice(at, Notice.LEAVING)

    def keep(self, at: int) -> None:
        """The customer changes their mind before a scheduled cancellation."""
        if self.cancel_at_period_end and self.status in {"active", "past_due", "trialing"}:
            self.cancel_at_period_end, self.canceled_at, self.reason = False, None, None
            self._record(at, "customer.subscription.updated")
            self._notice(at, Notice.STAYING)

    def cancel(self, at: int, reason: str = "cancellation_requested", *, cause: Cause = Cause.CANCEL) -> None:
        """End it at once."""
        if self.ended_at is None:
            self._end(at, reason, cause=cause)

    def _end(self, at: int, reason: str | None, *, cause: Cause = Cause.CANCEL) -> None:
        if self.ended_at is not None:
            return
        involuntary = reason == "payment_failed"
        self.status, self.ended_at, self.reason = "canceled", at, reason
        self.canceled_at = self.canceled_at or at
        self._record(at, "customer.subscription.deleted")
        self._book(at, cause, shown_from=at, proof_at=at, involuntary=involuntary)

    # -- what every act needs ---------------------------------------------------------------------------------------

    def _grant(self, coupon: Coupon, at: int, *, item: Item | None = None) -> Discount:
        end = add_intervals(at, "month", coupon.months) if coupon.months else None
        level = "subscription" if item is None else "item"
        item_id = None if item is None else item.id
        discount = Discount(self.desk.name("di"), coupon, at, end, self.customer.id, self.id, item_id, level)
        self.desk.remember_discount(discount, at)
        if end is not None:
            self.desk.at(end, self._end_coupons)
        return discount

    def _use_up_once(self, at: int) -> None:
        used = [d for d in self.discounts if d.coupon.duration == "once"]
        if used:
            self.granted += [replace(d, start=self.period[0], end=self.period[1]) for d in used]
            self.discounts = [d for d in self.discounts if d not in used]
            for discount in used:
                self.desk.forget_discount(discount, at + 2)
            self._record(at + 2, "customer.subscription.updated")

    def _drop_expired(self, at: int) -> None:
        expired = [d for d in self.discounts if d.end is not None and d.end <= at]
        self.discounts = [d for d in self.discounts if d not in expired]
        for discount in expired:
            self.desk.forget_discount(discount, at)

    def _end_coupons(self, at: int) -> None:
        if self.status in {"active", "past_due", "unpaid", "trialing"}:
            self._drop_expired(at)
            self._record(at, "customer.subscription.updated")
            self._book(at, Cause.COUPON_END, shown_from=at, proof_at=at)

    def _last_lines(self) -> list[Json]:
        if self.latest_invoice is None:
            return []
        lines: list[Json] = self.desk.books.latest(self.latest_invoice)["lines"]["data"]
        return lines

    def _issue(self, lines: Sequence[Line], at: int, reason: str) -> Json:
        draft = invoicing.issue(self.customer, lines, at, reason=reason, of=(self.id, self.period))
        self.latest_invoice = draft["id"]
        return draft

    def _finalise(self, draft: Json, lines: Sequence[Line], at: int) -> Json:
        return invoicing.finalise(self.customer, draft, lines, at)

    def _bill_now(self, lines: Sequence[Line], at: int) -> None:
        draft = self._issue(lines, at, "subscription_update")
        self._record(at, "customer.subscription.updated")
        invoicing.pay(self.customer, self._finalise(draft, lines, at), at)
        self._use_up_once(at)

    def _cause_of_start(self) -> Cause:
        if self.desk.living:
            return Cause.SECOND_SUBSCRIPTION
        return Cause.WIN_BACK if self.desk.paid_spans else Cause.NEW

    def signal_conversion(self, at: int) -> None:
        """The app tracks that a trial became a customer."""
        item = self.items[0]
        amount = f"{Decimal(int(full_charge(item.price, item.quantity or 1))) / 100}"
        properties: dict[str, str | int] = {"plan": self.plan, "amount": amount, "currency": self.customer.currency}
        self.desk.signals.append(AppSignal(at, "trial_converted", properties))

    def _book(
        self, at: int, cause: Cause, *, shown_from: int | None, proof_at: int | None, involuntary: bool = False
    ) -> bool:
        """Put the MRR that now holds into the ledger; False when it is what it was."""
        mrr = self.current_mrr(at)
        if mrr != NO_MRR:
            self.plan = self.largest_plan()
        if mrr == self.mrr:
            return False
        self.mrr = mrr
        items, billed = mrr
        total = sum((item.mrr for item in items), Decimal("0.0000"))
        self._tell_desk(at, total)
        self.desk.ledger.changes.append(
            MrrChange(
                self.desk.account.id,
                self.customer.currency,
                self.id,
                instant_of(at),
                total,
                billed,
                items,
                cause,
                involuntary,
                _instant(shown_from),
                _instant(proof_at),
                self.customer.livemode,
            )
        )
        return True

    def _notice(self, at: int, notice: Notice) -> None:
        if self.customer.livemode:
            told = NoticeGiven(self.desk.account.id, self.id, instant_of(at), notice)
            self.desk.ledger.notices.append(told)

    def _tell_desk(self, at: int, mrr: Decimal) -> None:
        if not self.customer.livemode:
            return
        desk = self.desk
        if mrr:
            if not desk.living:
                desk.paid_spans.append((at, None))
            desk.living.add(self.id)
        elif self.id in desk.living:
            desk.living.discard(self.id)
            if not desk.living:
                desk.paid_spans[-1] = (desk.paid_spans[-1][0], at)

    def _record(self, at: int, event_type: str) -> None:
        livemode = self.customer.livemode
        self.desk.record("subscriptions", self.render(), at, event_type, livemode=livemode)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant_of(seconds)
