"""The whole company, decided: who came, what they bought, what their visitors said, and the ledger of all of it.

Puts the parts together in order; every decision lives in the part it belongs to. The same seed and start give the same
history, however far it is told: a longer world begins with the shorter one.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from ingestion.simulator import app_events, stripe_objects
from ingestion.simulator.accounts import Account, Agent, first_agents, sign_ups
from ingestion.simulator.app_events import AccountEvent, OddRow
from ingestion.simulator.books import Books
from ingestion.simulator.cast import play, scripted_accounts
from ingestion.simulator.catalogue import COUPONS, PRICES, PRODUCTS
from ingestion.simulator.clock import DAY, first_of_month, instant_of, local_date, local_midnight
from ingestion.simulator.conversations import SECOND, simulate_activity, truth_of
from ingestion.simulator.desk import Desk
from ingestion.simulator.ledger import AccountTruth, AppConversion, Ledger, TrialTruth
from ingestion.simulator.lifecycle import Patron
from ingestion.simulator.rates import RateDay, rate_history
from ingestion.simulator.spend import SpendHistory, spend_history

# Agents stay in use for a while after their account stopped paying.
AFTERGLOW = 20 * DAY
FEWEST_MONTHS = 2
MONTHS_OF_HISTORY = 20


@dataclass(frozen=True)
class World:
    """A company from the first day of a month to a local midnight (`end`, exclusive).

    `events` is the app's log in order of arrival (columns app_events.EVENT_COLUMNS); `odd_events` the rows that must
    not count. `ledger` is the truth at `end`.
    """

    seed: int
    start: date
    end: datetime
    accounts: list[Account]
    agents: list[Agent]
    events: pa.Table
    odd_events: list[OddRow]
    books: Books
    spend: SpendHistory
    rates: list[RateDay]
    ledger: Ledger


def build_world(until: datetime, seed: int = 7, months: int = MONTHS_OF_HISTORY) -> World:
    """Decide everything up to the last complete local day before `until` (an aware instant).

    The company starts with the month `months` before that of `until`. Raises ValueError for a naive `until` or fewer
    than two months.
    """
    if months < FEWEST_MONTHS:
        raise ValueError(f"{months} months hold no history; ask for 2 or more")
    last = local_date(until)
    start = first_of_month(last, -months)
    end = local_midnight(last)
    ledger, books = Ledger(), Books(seed)
    _stock_the_shop(books, local_midnight(start) - 30 * DAY)
    desks = []
    for account in sign_ups(seed, start, last):
        desk = Desk(seed, account, end, books, ledger)
        Patron(desk).begin()
        desks.append(desk)
    for account, scene in scripted_accounts(seed, start, end):
        desk = Desk(seed, account, end, books, ledger)
        play(desk, scene, start)
        desks.append(desk)
    for desk in desks:
        desk.run()
        _tell_account(desk)
        _tell_trial(desk)
    accounts = sorted((desk.account for desk in desks), key=lambda account: (account.created_at, account.id))
    agents = _agents(seed, desks, end)
    activity = simulate_activity(seed, agents, start, last)
    own = [event for desk in desks if desk.account.in_app for event in _account_events(seed, desk, end)]
    log = app_events.in_order_of_arrival(
        [app_events.conversation_rows(activity, agents), app_events.account_table(own)]
    )
    odd = app_events.odd_rows(seed, agents, local_midnight(start), end)
    truth, orphans = truth_of(activity, end)
    arrived = activity.received < end * SECOND
    ledger.duplicates = int((activity.is_copy & arrived).sum())
    ledger.set_aside = Counter({"conversation never started": orphans})
    _tell_tracked(ledger, [event for event in own if event.received_at < end * SECOND])
    ledger.quarantined += app_events.count_odd(odd) + Counter(
        {"accounts: created_at is null": 1, "agents: account_id is null": 1}
    )
    ledger.conversations, ledger.agents = app_events.truth_tables(truth, activity, agents, end)
    return World(
        seed,
        start,
        instant_of(end),
        accounts,
        agents,
        app_events.before(log, end),
        odd,
        books,
        spend_history(seed, start, last, ledger),
        rate_history(seed, start, last),
        ledger,
    )


def _stock_the_shop(books: Books, at: int) -> None:
    for product in PRODUCTS:
        books.record("products", stripe_objects.product(product, at), at, "product.created")
    for price in PRICES:
        books.record("prices", stripe_objects.price(price, at), at, "price.created")
    for coupon in COUPONS:
        books.record("coupons", stripe_objects.coupon(coupon, at), at, "coupon.created")


def _tell_account(desk: Desk) -> None:
    account = desk.account
    if account.in_app:
        told = AccountTruth(account.id, instant_of(account.created_at), account.country, account.channel)
        desk.ledger.accounts.append(told)
    elif account.stripe_customer_at is not None:
        told = AccountTruth(account.id, instant_of(account.stripe_customer_at), None, "other")
        desk.ledger.accounts.append(told)


def _tell_tracked(ledger: Ledger, arrived: list[AccountEvent]) -> None:
    kinds = Counter(event.signal.event_type for event in arrived)
    ledger.set_aside["of no use to a mart"] = kinds.total() - kinds["trial_started"]
    ledger.app_conversions = [
        AppConversion(event.account_id, instant_of(event.signal.at))
        for event in arrived
        if event.signal.event_type == "trial_converted"
    ]


def _tell_trial(desk: Desk) -> None:
    if desk.trial is not None:
        started, ends = (instant_of(moment) for moment in desk.trial)
        paid = None if desk.first_paid_at is None else instant_of(desk.first_paid_at)
        desk.ledger.trials.append(TrialTruth(desk.account.id, started, ends, paid))


def _agents(seed: int, desks: list[Desk], end: int) -> list[Agent]:
    agents = []
    for desk in desks:
        if not desk.account.in_app:
            continue
        for agent in first_agents(seed, desk.account):
            if agent.created_at >= end:
                continue
            trial_over = desk.trial[1] if desk.trial else desk.account.created_at + 10 * DAY
            glowing = [(since, None if until is None else until + AFTERGLOW) for since, until in desk.paid_spans]
            gone = _sooner(agent.deleted_at, desk.account.deleted_at)
            agent.deleted_at = gone
            agent.in_use = [(since, _sooner(until, gone)) for since, until in [(0, trial_over), *glowing]]
            agents.append(agent)
    agents.sort(key=lambda agent: (agent.created_at, agent.id))
    for index, agent in enumerate(agents):
        agent.index = index
    return agents


def _sooner(one: int | None, other: int | None) -> int | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _account_events(seed: int, desk: Desk, end: int) -> list[AccountEvent]:
    return app_events.account_events(seed, desk.account, desk.signals, desk.paid_spans, end)
