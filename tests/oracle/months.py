"""Month-end to month-end: `fct_mrr_account_months` and the curve of days, `mrr_daily`.

Belongs here: balances in EUR at a day's end and what changed between two. Does not: the company's totals (revenue).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from tests.oracle.clock import ONE_DAY, ReportingClock, days
from tests.oracle.inputs import Row
from tests.oracle.ledger import ZERO, AccountHistory, Balances, movement_type, plan_of
from tests.oracle.money import Rates

NO_BALANCES: Balances = {}


def in_eur(balances: Balances, rates: Rates, day: date) -> Mapping[str, Decimal]:
    """Each currency's balance at that day's rate; currencies without a rate are left out."""
    converted = {currency: rates.convert(amount, currency, day) for currency, amount in balances.items()}
    return {currency: amount for currency, amount in converted.items() if amount is not None}


def total_eur(balances: Balances, rates: Rates, day: date) -> Decimal | None:
    """The sum of what has a rate; None when there is a balance and no part of it has one."""
    parts = in_eur(balances, rates, day)
    return sum(parts.values(), ZERO) if parts or not balances else None


def ledger_starts(accounts: Sequence[AccountHistory], clock: ReportingClock) -> date | None:
    """The local day of the first movement of all."""
    firsts = [first for account in accounts if (first := account.first_mrr_at()) is not None]
    return clock.date_of(min(firsts)) if firsts else None


def fct_mrr_account_months(
    accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates, channels: Mapping[str, str]
) -> list[Row]:
    first = ledger_starts(accounts, clock)
    if first is None:
        return []
    rows = []
    for account in accounts:
        channel = channels.get(account.account_id, "other")
        rows += [r for month in clock.months(first) if (r := _month(account, month, clock, rates, channel)) is not None]
    return rows


def _month(account: AccountHistory, month: date, clock: ReportingClock, rates: Rates, channel: str) -> Row | None:
    """None where there is neither MRR nor a movement."""
    day, end = clock.last_day_of(month), clock.end_of(clock.last_day_of(month))
    state, previous = account.before(end), account.before(clock.start_of(month))
    balances, old = state.balances(), previous.balances()
    if not balances and not old:
        return None
    previous_day = month - ONE_DAY
    mrr, mrr_previous = total_eur(balances, rates, day), total_eur(old, rates, previous_day)
    was, restated = in_eur(old, rates, previous_day), in_eur(old, rates, day)
    fx = sum((amount - was.get(currency, ZERO) for currency, amount in restated.items()), ZERO)
    delta = (mrr or ZERO) - (mrr_previous or ZERO) - fx
    # Where nothing has a rate, neither before nor after, no movement in EUR is known.
    is_rated = bool(restated or in_eur(balances, rates, day))
    last = account.last_mrr_state(end)
    return {
        "account_id": account.account_id,
        "mrr_month": month,
        "mrr_eur": mrr,
        "mrr_billed_eur": total_eur(state.billed(), rates, day) if mrr is not None else None,
        "mrr_previous_eur": mrr_previous,
        "movement_type": movement_type(
            bool(old),
            bool(balances),
            delta or _unrated_change(old, balances, restated),
            had_mrr=account.had_mrr_before(clock.start_of(month)),
        ),
        "mrr_delta_eur": delta if is_rated else None,
        "fx_delta_eur": fx if is_rated else None,
        "plan": plan_of(state, rates, day) or (plan_of(last, rates, day) if last is not None else None),
        "acquisition_channel": channel,
    }


def _unrated_change(old: Balances, new: Balances, rated: Mapping[str, Decimal]) -> Decimal:
    """Movement of the currencies without a rate, by themselves."""
    unrated = sorted((old.keys() | new.keys()) - rated.keys())
    return sum((new.get(currency, ZERO) - old.get(currency, ZERO) for currency in unrated), ZERO)


def mrr_daily(accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates) -> list[Row]:
    """Every day from the first movement, at that day's rate."""
    first = ledger_starts(accounts, clock)
    if first is None:
        return []
    return [_day(day, accounts, clock, rates) for day in days(first, clock.as_of_date)]


def _day(day: date, accounts: Sequence[AccountHistory], clock: ReportingClock, rates: Rates) -> Row:
    balances = [account.before(clock.end_of(day)).balances() for account in accounts]
    mrr = sum((total_eur(held, rates, day) or ZERO for held in balances), ZERO)
    return {"date": day, "mrr_eur": mrr, "arr_eur": 12 * mrr, "paying_accounts": sum(map(bool, balances))}
