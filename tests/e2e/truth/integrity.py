"""Both sides of every identity of METRICS 3, as the truth of the other marts and the ledger have them.

Belongs here: what integrity_report must say of a company whose marts are right: each claim, its subjects, the sums that
stand on both sides, and how many rows were compared. Does not: whether the claims hold (dbt judges that every night).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow.compute as pc

from ingestion.simulator.ledger import Ledger
from tests.e2e.exact import INSTANT, ZERO, local_day, month_of, next_month, to_places
from tests.e2e.truth.recurring import Recurring, month_ends
from tests.e2e.truth.revenue import standing_invoices
from tests.e2e.truth.revenue_months import first_movements

# Claims of which no truth but the warehouse's own knows a side.
UNTOLD_CLAIMS = {
    "source_rows_landed_or_were_quarantined": "counts what each night read, which is no fact of the company",
    "mrr_is_what_invoice_lines_bill": "its right side reckons MRR from cents as billed, which the ledger never does",
}
Sum = tuple[Decimal | int, int]
Claim = tuple[str, str, dict[str, Sum]]


class Comparison(NamedTuple):
    """A row of integrity_report, without the equation in words."""

    identity: str
    name: str
    subject: str
    left_value: Decimal | int
    right_value: Decimal | int
    difference: Decimal | int
    verdict: str
    row_count: int
    differing_row_count: int
    first_differing_row: str | None


class Pair(NamedTuple):
    """One compared row of a claim whose difference is news."""

    row: str
    left: Decimal | int
    right: Decimal | int


@dataclass(frozen=True)
class Claims:
    """The claims about one company: its ledger, its recurring revenue, and the rows of its other marts by name."""

    ledger: Ledger
    recurring: Recurring
    marts: Mapping[str, list[Any]]
    event_count: int
    end: datetime

    def comparisons(self) -> Iterator[Comparison]:
        """Every row of the report, but those of UNTOLD_CLAIMS."""
        for identity, name, sums in (
            *self._balances(),
            *self._months(),
            *self._money(),
            *self._events(),
            *self._parts(),
        ):
            for subject, (value, count) in sums.items():
                shown = to_places(Decimal(value))
                yield Comparison(identity, name, subject, shown, shown, ZERO, "holds", count, 0, None)
        for identity, name, pairs in self._news():
            for subject, rows in pairs.items():
                left, right = sum(pair.left for pair in rows), sum(pair.right for pair in rows)
                differing = sorted(pair.row for pair in rows if pair.left != pair.right)
                first = differing[0] if differing else None
                yield Comparison(
                    identity, name, subject, left, right, left - right, "published", len(rows), len(differing), first
                )

    # -- 3.1 and 3.2 ------------------------------------------------------------------------------------------------

    def _balances(self) -> Iterator[Claim]:
        moved = self.recurring.movements
        yield "3.1", "movement_leads_from_balance_to_balance", _sums((m.currency, m.mrr_after) for m in moved)
        yield "3.1", "movement_begins_where_the_last_ended", _sums((m.currency, m.mrr_before) for m in moved)
        name = "opening_and_movements_make_closing_in_each_currency"
        yield "3.1", name, _sums(self._month_balances())

    def _month_balances(self) -> Iterator[tuple[str, Decimal]]:
        """Each account's balance in a currency at the end of each month in which it stands, stood or moved."""
        history: dict[tuple[str, str], list[tuple[datetime, Decimal]]] = defaultdict(list)
        for movement in sorted(self.recurring.movements, key=lambda movement: movement.effective_at):
            history[movement.account_id, movement.currency].append((movement.effective_at, movement.mrr_after))
        ends = month_ends(min(movement.effective_date for movement in self.recurring.movements), self.end)
        for (_, currency), balances in history.items():
            before = ZERO
            for month, end in ends.items():
                months = {month_of(local_day(at)) for at, _ in balances}
                now = next((balance for at, balance in reversed(balances) if at < end), ZERO)
                if before or now or month in months:
                    yield f"{month} {currency}", now
                before = now

    def _months(self) -> Iterator[Claim]:
        held, monthly = self.recurring.months, self.marts["revenue_monthly"]
        yield "3.1", "opening_movement_and_fx_make_closing_in_eur", _sums((row.mrr_month, row.mrr_eur) for row in held)
        yield "3.1", "account_opens_with_its_last_closing", _sums(self._openings())
        for identity, name, column in (
            ("3.1", "opening_movements_and_fx_make_closing_mrr", "closing_mrr_eur"),
            ("3.1", "month_opens_with_the_last_closing_mrr", "opening_mrr_eur"),
            ("3.1", "accounts_gained_and_lost_make_paying_accounts", "paying_accounts"),
            ("3.1", "month_opens_with_the_last_paying_accounts", "opening_accounts"),
            ("3.2", "mrr_of_accounts_adds_up_to_closing_mrr", "closing_mrr_eur"),
            ("3.2", "mrr_of_the_last_day_is_closing_mrr", "closing_mrr_eur"),
            ("3.2", "ledger_at_its_rates_is_closing_mrr", "closing_mrr_eur"),
            ("3.2", "paying_accounts_are_months_of_accounts", "paying_accounts"),
            ("3.2", "paying_accounts_are_those_of_the_last_day", "paying_accounts"),
            ("3.2", "paying_accounts_are_those_of_the_ledger", "paying_accounts"),
            ("3.5", "plans_add_up_to_paying_accounts", "paying_accounts"),
            ("3.5", "plans_add_up_to_closing_mrr", "closing_mrr_eur"),
            ("3.5", "cohorts_retain_the_paying_accounts", "paying_accounts"),
            ("3.5", "cohorts_retain_closing_mrr", "closing_mrr_eur"),
        ):
            yield identity, name, _sums((month.revenue_month, getattr(month, column)) for month in monthly)
        today = self.marts["mrr_daily"][-1]
        yield "3.2", "mrr_of_dim_accounts_is_todays_mrr", {"all": (today.mrr_eur, 1)}
        yield "3.2", "paying_of_dim_accounts_are_todays_accounts", {"all": (today.paying_accounts, 1)}

    def _openings(self) -> Iterator[tuple[date, Decimal]]:
        """What each account begins a month with, where it has a row in that month or in the one before."""
        told = {(row.account_id, row.mrr_month): row.mrr_eur for row in self.recurring.months}
        later = {(account_id, next_month(month)): mrr for (account_id, month), mrr in told.items()}
        for key in told.keys() | later.keys():
            if key[1] <= local_day(self.end - INSTANT):
                yield key[1], later.get(key, ZERO)

    # -- 3.3 and 3.6 ------------------------------------------------------------------------------------------------

    def _money(self) -> Iterator[Claim]:
        invoices = standing_invoices(self.ledger, self.end)
        yield (
            "3.3",
            "invoice_lines_add_up_to_the_invoice",
            _sums(
                (
                    f"{month_of(local_day(invoice.finalized_at))} {invoice.currency}",
                    sum(line.net for line in invoice.lines),
                )
                for invoice in invoices
            ),
        )
        kinds: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for line in self.marts["fct_revenue_lines"]:
            kinds[f"{month_of(line.revenue_date)} {line.currency}", line.line_kind] += line.amount
        name = "revenue_lines_are_invoices_less_credits_and_refunds"
        yield "3.3", name, _sums((subject, amount) for (subject, _), amount in kinds.items())
        bills: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for told in self.ledger.spend:
            bills[f"{month_of(told.billed_on)} {told.currency}"] += told.amount
        yield "3.6", "spend_in_is_spend_out_and_days_that_wait", _sums(bills.items())
        days: dict[tuple[date, str], Decimal] = defaultdict(lambda: ZERO)
        for row in self.marts["fct_spend_daily"]:
            days[row.spend_date, row.channel] += row.spend_eur
        name = "spend_by_day_adds_up_to_its_rows"
        yield "3.6", name, _sums((month_of(day), amount) for (day, _), amount in days.items())

    # -- 3.4 --------------------------------------------------------------------------------------------------------

    def _events(self) -> Iterator[Claim]:
        once = self.event_count - self.ledger.duplicates
        yield "3.4", "landed_events_are_counted_or_set_aside", {"all": (self.event_count, 1)}
        yield "3.4", "each_event_id_counts_once", {"all": (once, 1)}

    # -- 3.5 --------------------------------------------------------------------------------------------------------

    def _parts(self) -> Iterator[Claim]:
        marts = self.marts
        activated = [row for row in marts["activation_monthly"] if row.acquisition_channel == "all"]
        blended = [row for row in marts["cac_monthly"] if row.channel == "blended"]
        trials = _sums((row.cohort_month, row.trial_count) for row in activated)
        spend = _sums((row.cac_month, row.spend_eur) for row in blended)
        won = _sums((row.cac_month, row.new_paying_accounts) for row in blended)
        yield "3.5", "activation_of_all_is_every_trial", trials
        yield "3.5", "channels_add_up_to_all_trials", trials
        converted = _sums((row.cohort_month, row.converted_count) for row in activated)
        yield "3.5", "channels_add_up_to_all_conversions", converted
        yield "3.5", "blended_spend_is_all_spend", spend
        yield "3.5", "channels_add_up_to_blended_spend", spend
        yield "3.5", "blended_accounts_are_all_that_began_to_pay", won
        yield "3.5", "channels_add_up_to_blended_accounts", won
        ever = first_movements(self.recurring.movements)
        yield "3.5", "cohorts_add_up_to_accounts_ever_paying", {"all": (len(ever), 1)}
        lines = marts["fct_revenue_lines"]
        brought = sum((line.amount_eur for line in lines if line.account_id in ever), ZERO)
        yield "3.5", "cohorts_add_up_to_revenue_of_their_accounts", {"all": (brought, 1)}
        by_month: dict[date, Decimal] = defaultdict(lambda: ZERO)
        for line in lines:
            by_month[month_of(line.revenue_date)] += line.amount_eur
        yield "3.5", "revenue_types_add_up_to_revenue_lines", _sums(by_month.items())
        yield from self._product_parts()

    def _product_parts(self) -> Iterator[Claim]:
        days, talks = self.marts["conversation_quality_daily"], self.marts["fct_conversations"]
        messages = sum(talk.message_count for talk in talks)
        leads = sum(talk.lead_count for talk in talks)
        counts = {"conversations": len(talks), "messages": messages, "leads": leads}
        sums: dict[str, Sum] = {subject: (count, len(days)) for subject, count in counts.items()}
        yield "3.5", "agent_days_add_up_to_conversations", sums
        yield "3.5", "quality_days_add_up_to_conversations", {"all": (len(talks), len(days))}
        agents, weeks = self.marts["fct_agent_ttfv"], len(self.marts["ttfv_weekly"])
        decided = sum(agent.is_within_target is not None for agent in agents)
        made: dict[str, Sum] = {"agents created": (len(agents), weeks), "agents decided": (decided, weeks)}
        yield "3.5", "weeks_of_agents_add_up_to_agents", made

    # -- what is published, whatever it is --------------------------------------------------------------------------

    def _news(self) -> Iterator[tuple[str, str, dict[str, list[Pair]]]]:
        tests = self.ledger.conversations.filter(self.ledger.conversations["is_test"])
        aside = {
            "duplicate": self.ledger.duplicates,
            "no_start": self.ledger.set_aside["conversation never started"],
            "test": pc.sum(tests["event_count"]).as_py(),
            "unused": self.ledger.set_aside["of no use to a mart"],
        }
        yield "3.4", "events_set_aside", {reason: [Pair(reason, count, 0)] for reason, count in aside.items()}
        refunds: dict[str, list[Pair]] = defaultdict(list)
        for taken in self.ledger.reductions:
            if taken.kind == "refund":
                subject = f"{month_of(local_day(taken.effective_at))} {taken.currency}"
                counted = taken.given_back if taken.invoice_id is not None else ZERO
                refunds[subject].append(Pair(taken.source_id, taken.given_back, counted))
        yield "3.3", "refunds_outside_revenue", refunds
        yield "3.8", "app_conversions_and_first_payments", self._first_payments()

    def _first_payments(self) -> dict[str, list[Pair]]:
        tracked: dict[str, datetime] = {}
        for told in sorted(self.ledger.app_conversions, key=lambda told: told.converted_at):
            tracked.setdefault(told.account_id, told.converted_at)
        app = {(month_of(local_day(at)), account_id) for account_id, at in tracked.items()}
        paid = {
            (month_of(local_day(trial.converted_at)), trial.account_id)
            for trial in self.marts["fct_trials"]
            if trial.converted_at is not None
        }
        pairs: dict[str, list[Pair]] = defaultdict(list)
        for month, account_id in app | paid:
            both = (month, account_id) in app, (month, account_id) in paid
            pairs[str(month)].append(Pair(account_id, *map(int, both)))
        return pairs


def _sums(rows: Iterable[tuple[Any, Any]]) -> dict[str, Sum]:
    """Subject → the sum of its values, and how many there are."""
    sums: dict[str, Any] = defaultdict(int)
    counts: Counter[str] = Counter()
    for subject, value in rows:
        sums[str(subject)] += value
        counts[str(subject)] += 1
    return {subject: (sums[subject], count) for subject, count in counts.items()}
