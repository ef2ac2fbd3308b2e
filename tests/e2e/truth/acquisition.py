"""The simulator's ledger of trials and spend in the shapes of the acquisition marts.

Belongs here: trials, activation, spend and what a customer cost, as METRICS 2.3 says. Does not: recurring revenue,
comparing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from ingestion.simulator.ledger import Ledger
from tests.e2e.exact import ZERO, Rates, every_day, local_day, month_of, percentile, quotient, ratio
from tests.e2e.truth.recurring import Movement
from tests.e2e.truth.revenue_months import first_movements

WINDOW_DAYS = 30


class Trial(NamedTuple):
    """A row of fct_trials."""

    account_id: str
    trial_started_at: datetime
    cohort_month: date
    trial_ends_at: datetime
    converted_at: datetime | None
    is_converted: bool
    days_to_convert: int | None
    is_matured: bool
    acquisition_channel: str


class ActivationMonth(NamedTuple):
    """A row of activation_monthly."""

    cohort_month: date
    acquisition_channel: str
    trial_count: int
    converted_count: int
    activation_ratio: Decimal | None
    matured_count: int
    is_matured: bool
    median_days_to_convert: Decimal | None


class ActivationDay(NamedTuple):
    """A row of activation_rolling."""

    activity_date: date
    trials_ended_30d: int
    conversions_30d: int
    conversion_ratio_30d: Decimal | None


class SpendDay(NamedTuple):
    """A row of fct_spend_daily."""

    spend_date: date
    channel: str
    vendor: str
    spend_eur: Decimal
    clicks: int | None
    impressions: int | None
    conversions_reported: Decimal | None


class CacMonth(NamedTuple):
    """A row of cac_monthly."""

    cac_month: date
    channel: str
    spend_eur: Decimal
    trial_count: int
    new_paying_accounts: int
    cac_eur: Decimal | None
    cost_per_trial_eur: Decimal | None


def trials(ledger: Ledger, as_of_date: date) -> Iterator[Trial]:
    """Every trial, with the channel its account came by."""
    channels = {account.account_id: account.channel for account in ledger.accounts}
    for told in ledger.trials:
        started, converted = local_day(told.started_at), told.converted_at
        yield Trial(
            told.account_id,
            told.started_at,
            month_of(started),
            told.ends_at,
            converted,
            converted is not None,
            None if converted is None else (local_day(converted) - started).days,
            (as_of_date - started).days >= WINDOW_DAYS,
            channels[told.account_id],
        )


def is_activated(trial: Trial) -> bool:
    """Whether it converted within the window."""
    return trial.days_to_convert is not None and trial.days_to_convert <= WINDOW_DAYS


def activation_months(trials: Iterable[Trial]) -> Iterator[ActivationMonth]:
    """The trials of each month, by channel and of all channels."""
    begun: dict[tuple[date, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        begun[trial.cohort_month, trial.acquisition_channel].append(trial)
        begun[trial.cohort_month, "all"].append(trial)
    for (month, channel), group in begun.items():
        days = [trial.days_to_convert for trial in group if is_activated(trial) and trial.days_to_convert is not None]
        matured = sum(trial.is_matured for trial in group)
        yield ActivationMonth(
            month,
            channel,
            len(group),
            len(days),
            ratio(len(days), len(group)),
            matured,
            matured == len(group),
            percentile(days, 5),
        )


def activation_days(trials: Iterable[Trial], as_of_date: date) -> Iterator[ActivationDay]:
    """Every day from the first trial: the trials that ended in the 30 days up to it."""
    ended: dict[date, list[Trial]] = defaultdict(list)
    for trial in trials:
        ended[local_day(trial.trial_ends_at)].append(trial)
    first = min(local_day(trial.trial_started_at) for group in ended.values() for trial in group)
    for day in every_day(first, as_of_date):
        window = [trial for back in range(30) for trial in ended.get(day - timedelta(days=back), [])]
        paid = sum(trial.converted_at is not None and local_day(trial.converted_at) <= day for trial in window)
        yield ActivationDay(day, len(window), paid, ratio(paid, len(window)))


def spend_days(ledger: Ledger, rates: Rates, as_of_date: date) -> Iterator[SpendDay]:
    """Every day, channel and vendor; EUR is rounded a bill and day, or a campaign and day. Later days wait."""
    costs: dict[tuple[date, str, str], Decimal] = defaultdict(lambda: ZERO)
    volumes: dict[tuple[date, str, str], tuple[int, int, Decimal]] = {}
    for told in ledger.spend:
        if told.spend_date > as_of_date:
            continue
        key = told.spend_date, told.channel, told.vendor
        costs[key] += rates.eur(told.amount, told.currency, told.spend_date)
        if told.clicks is not None and told.impressions is not None and told.conversions is not None:
            clicks, impressions, conversions = volumes.get(key, (0, 0, ZERO))
            volumes[key] = clicks + told.clicks, impressions + told.impressions, conversions + told.conversions
    for key, cost in costs.items():
        if cost or any(volumes.get(key, ())):
            yield SpendDay(*key, cost, *volumes.get(key, (None, None, None)))


def cac_months(
    ledger: Ledger, spend: Iterable[SpendDay], trials: Iterable[Trial], movements: Iterable[Movement]
) -> Iterator[CacMonth]:
    """Every month and channel with spend, a trial or a first customer, and all channels together."""
    channels = {account.account_id: account.channel for account in ledger.accounts}
    spent: dict[tuple[date, str], Decimal] = defaultdict(lambda: ZERO)
    begun: Counter[tuple[date, str]] = Counter()
    won: Counter[tuple[date, str]] = Counter()
    for day in spend:
        for channel in (day.channel, "blended"):
            spent[month_of(day.spend_date), channel] += day.spend_eur
    for trial in trials:
        begun.update((trial.cohort_month, channel) for channel in (trial.acquisition_channel, "blended"))
    for account_id, first in first_movements(movements).items():
        won.update((month_of(first.effective_date), channel) for channel in (channels[account_id], "blended"))
    for key in spent.keys() | begun.keys() | won.keys():
        if spent[key] or begun[key] or won[key]:
            cost = spent[key]
            yield CacMonth(*key, cost, begun[key], won[key], quotient(cost, won[key]), quotient(cost, begun[key]))
