"""Trials, activation, and what a customer cost (METRICS 2.3).

Belongs here: `fct_trials`, `activation_monthly`, `activation_rolling`, `cac_monthly`. Does not: spend itself (spend).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.clock import ReportingClock, days, instant, month_of
from tests.oracle.inputs import Inputs, Row
from tests.oracle.invoice_lines import line_net, price_id_of
from tests.oracle.ledger import AccountHistory
from tests.oracle.money import percentile, quotient, ratio
from tests.oracle.product import counted_events
from tests.oracle.stripe_books import StripeBooks
from tests.oracle.versions import Version

ALL = "all"
BLENDED = "blended"
ROLLING = timedelta(days=29)


@dataclass(frozen=True)
class TrialFact:
    """One sign of a trial: its start, and its end if the sign knows it."""

    started_at: datetime
    ends_at: datetime | None
    is_stripe: bool


def fct_trials(
    inputs: Inputs, books: StripeBooks, versions: Mapping[str, Sequence[Version]], channels: Mapping[str, str]
) -> list[Row]:
    clock = ReportingClock.of(inputs)
    signs: dict[str, list[TrialFact]] = defaultdict(list)
    for account_id, sign in (*_app_trials(inputs), *_stripe_trials(books, versions)):
        if sign.started_at < clock.horizon:
            signs[account_id].append(sign)
    payments = first_payments(books, clock)
    rows = (
        _trial(inputs, account_id, found, payments.get(account_id, ()), channels.get(account_id, "other"))
        for account_id, found in signs.items()
    )
    return [row for row in rows if row is not None]


def _app_trials(inputs: Inputs) -> Iterator[tuple[str, TrialFact]]:
    for event in counted_events(inputs):
        if event["event_type"] == "trial_started":
            started, length = event["occurred_at"], event["trial_days"]
            ends = None if length is None else started + timedelta(days=length)
            yield event["account_id"], TrialFact(started, ends, False)


def _stripe_trials(books: StripeBooks, versions: Mapping[str, Sequence[Version]]) -> Iterator[tuple[str, TrialFact]]:
    for told in versions.values():
        document = told[-1].document
        if document.get("trial_start"):
            end = document.get("trial_end")
            sign = TrialFact(instant(document["trial_start"]), None if end is None else instant(end), True)
            yield books.account_of(document["customer"]), sign


def first_payments(books: StripeBooks, clock: ReportingClock) -> Mapping[str, Sequence[datetime]]:
    """By account, when its paid invoices above 0 with a recurring line above 0 were paid, oldest first."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for invoice in books.finalised_invoices:
        if invoice["status"] != "paid" or invoice["total"] <= 0:
            continue
        paid_at = instant(invoice["status_transitions"]["paid_at"])
        recurring = any(
            books.prices.get(price_id_of(line) or "", {}).get("recurring") is not None and line_net(line) > 0
            for line in invoice["lines"]["data"]
        )
        if recurring and paid_at < clock.horizon:
            found[books.account_of(invoice["customer"])].append(paid_at)
    return {account_id: sorted(moments) for account_id, moments in found.items()}


def _trial(
    inputs: Inputs, account_id: str, signs: Sequence[TrialFact], payments: Sequence[datetime], channel: str
) -> Row | None:
    """None for an account that paid before its trial."""
    clock = ReportingClock.of(inputs)
    started = min(sign.started_at for sign in signs)
    if payments and payments[0] < started:
        return None
    # Stripe's end, else the app's: of the earliest sign that knows one.
    ends = [sign for sign in signs if sign.ends_at is not None]
    first = min(ends, key=lambda sign: (not sign.is_stripe, sign.started_at, sign.ends_at or started), default=None)
    converted = payments[0] if payments else None
    started_on = clock.date_of(started)
    return {
        "account_id": account_id,
        "trial_started_at": started,
        "cohort_month": month_of(started_on),
        "trial_ends_at": first.ends_at if first is not None else None,
        "converted_at": converted,
        "is_converted": converted is not None,
        "days_to_convert": None if converted is None else (clock.date_of(converted) - started_on).days,
        "is_matured": (clock.as_of_date - started_on).days >= inputs.activation_window_days,
        "acquisition_channel": channel,
    }


def activation_monthly(inputs: Inputs, trials: Sequence[Row]) -> list[Row]:
    cohorts: dict[tuple[date, str], list[Row]] = defaultdict(list)
    for trial in trials:
        for channel in (trial["acquisition_channel"], ALL):
            cohorts[trial["cohort_month"], channel].append(trial)
    return [_cohort(key, rows, inputs.activation_window_days) for key, rows in cohorts.items()]


def _cohort(key: tuple[date, str], trials: Sequence[Row], window: int) -> Row:
    taken = [t["days_to_convert"] for t in trials if t["is_converted"] and t["days_to_convert"] <= window]
    matured = sum(trial["is_matured"] for trial in trials)
    return {
        "cohort_month": key[0],
        "acquisition_channel": key[1],
        "trial_count": len(trials),
        "converted_count": len(taken),
        "activation_ratio": ratio(len(taken), len(trials)),
        "matured_count": matured,
        "is_matured": matured == len(trials),
        "median_days_to_convert": percentile(taken, Fraction(1, 2)),
    }


def activation_rolling(inputs: Inputs, trials: Sequence[Row]) -> list[Row]:
    """Every day from the first trial: trials that ended in the 30 days to it, and those of them converted by then."""
    if not trials:
        return []
    clock = ReportingClock.of(inputs)
    ended = [
        (clock.date_of(t["trial_ends_at"]), clock.date_of(t["converted_at"]) if t["is_converted"] else None)
        for t in trials
        if t["trial_ends_at"] is not None
    ]
    first = min(clock.date_of(trial["trial_started_at"]) for trial in trials)
    return [_rolling(day, ended) for day in days(first, clock.as_of_date)]


def _rolling(day: date, ended: Sequence[tuple[date, date | None]]) -> Row:
    window = [converted for end, converted in ended if day - ROLLING <= end <= day]
    conversions = sum(converted is not None and converted <= day for converted in window)
    return {
        "activity_date": day,
        "trials_ended_30d": len(window),
        "conversions_30d": conversions,
        "conversion_ratio_30d": ratio(conversions, len(window)),
    }


def cac_monthly(
    accounts: Sequence[AccountHistory],
    clock: ReportingClock,
    spend: Sequence[Row],
    trials: Sequence[Row],
    channels: Mapping[str, str],
) -> list[Row]:
    """A row where spend, trials or new payers are not 0; `blended` is all of them."""
    costs: dict[tuple[date, str], list[Decimal | None]] = defaultdict(list)
    trial_counts: dict[tuple[date, str], int] = defaultdict(int)
    payers: dict[tuple[date, str], int] = defaultdict(int)
    for row in spend:
        for channel in (row["channel"], BLENDED):
            costs[month_of(row["spend_date"]), channel].append(row["spend_eur"])
    for trial in trials:
        for channel in (trial["acquisition_channel"], BLENDED):
            trial_counts[trial["cohort_month"], channel] += 1
    for account in accounts:
        first = account.first_mrr_at()
        if first is not None:
            for channel in (channels.get(account.account_id, "other"), BLENDED):
                payers[month_of(clock.date_of(first)), channel] += 1
    rows = [
        _cac(key, costs.get(key, []), trial_counts.get(key, 0), payers.get(key, 0))
        for key in costs.keys() | trial_counts.keys() | payers.keys()
    ]
    return [row for row in rows if row["spend_eur"] != 0 or row["trial_count"] or row["new_paying_accounts"]]


def _cac(key: tuple[date, str], costs: Sequence[Decimal | None], trials: int, payers: int) -> Row:
    known = [cost for cost in costs if cost is not None]
    spent = sum(known, Decimal(0)) if known or not costs else None
    return {
        "cac_month": key[0],
        "channel": key[1],
        "spend_eur": spent,
        "trial_count": trials,
        "new_paying_accounts": payers,
        "cac_eur": None if spent is None else quotient(spent, payers),
        "cost_per_trial_eur": None if spent is None else quotient(spent, trials),
    }


def blended(cac: Sequence[Row]) -> dict[date, tuple[Decimal, int]]:
    """By month, what all channels cost and brought: spend and new paying accounts, where the spend is known."""
    return {
        row["cac_month"]: (row["spend_eur"], row["new_paying_accounts"])
        for row in cac
        if row["channel"] == BLENDED and row["spend_eur"] is not None
    }
