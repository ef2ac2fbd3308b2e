"""The company whose marts are broken: small, the same every time, with a few rows of everything in every mart.

Belongs here: the story of that company. Does not: how Stripe behaves (tests/oracle/sandbox), what is broken (mutants).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from random import Random

from tests.oracle.app_worlds import event
from tests.oracle.calendar_worlds import local
from tests.oracle.catalogue import PRICE, Document
from tests.oracle.inputs import AppSnapshot, Inputs, Rate, Row
from tests.oracle.money_back import credit, refund
from tests.oracle.sandbox import Sandbox
from tests.oracle.seeds import project_seeds
from tests.oracle.subscription_shapes import DAY

FIRST_DAY = date(2025, 7, 3)
RUN_DAY = date(2026, 5, 14)
DAYS = (RUN_DAY - FIRST_DAY).days
ACCOUNTS = 24
# What an account holds at first, and what it moves to; both of one currency and interval.
HOLDINGS = (
    ("price_a_starter", "price_b_pro"),
    ("price_b_pro", "price_a_starter"),
    ("price_q_usd", "price_r_usd_pro"),
    ("price_g_volume", "price_b_pro"),
    ("price_a_starter", "price_j_service"),
    ("price_d_incl", "price_g_volume"),
)
CHANNELS = (
    {"utm_source": "google", "utm_medium": "cpc", "referrer_host": None},
    {"utm_source": "newsletter", "utm_medium": "blog", "referrer_host": None},
    {"utm_source": None, "utm_medium": None, "referrer_host": "www.google.com"},
    {"utm_source": "wp-plugin", "utm_medium": None, "referrer_host": "wordpress.org"},
    {"utm_source": None, "utm_medium": None, "referrer_host": None},
)


def company() -> Inputs:
    """Ten months of two dozen accounts, read every three weeks, the last time at three on 14 May 2026."""
    sandbox = Sandbox(tax_percent=19, unspecified_inclusive=False, names_items=True)
    sandbox.run_until(local(FIRST_DAY, 0))
    accounts = [_account(number) for number in range(ACCOUNTS)]
    for number, account in enumerate(accounts):
        born = local(FIRST_DAY + timedelta(days=number * 11), 9 * 3600 + number)
        sandbox.at(born, partial(_customer_lives, sandbox, number, account["id"]))
    run_at = local(RUN_DAY, 3 * 3600)
    for nights_before in range(0, DAYS, 21):
        sandbox.at(run_at - nights_before * DAY, sandbox.read)
    sandbox.run_until(run_at)
    agents = [_agent(number, account) for account in accounts[:20] for number in (1, 2)]
    return Inputs(
        run_at=datetime.fromtimestamp(run_at, UTC),
        app=[AppSnapshot(night.read_at, accounts, agents) for night in sandbox.nights],
        app_events=[*_trials(accounts), *_conversations(agents)],
        nights=sandbox.nights,
        google_ads=list(_google_ads()),
        costs=list(_costs()),
        rates=[
            Rate(FIRST_DAY + timedelta(days=days - 5), currency, Decimal(around) + Decimal(days % 17) / 1000)
            for currency, around in (("USD", "1.08"),)
            for days in range(0, DAYS, 3)
        ],
        seeds=project_seeds(),
        api_version="pinned",
    )


def _account(number: int) -> Row:
    born = FIRST_DAY + timedelta(days=number * 11)
    return {
        "id": f"acc_{number:02d}",
        "created_at": datetime.fromtimestamp(local(born, 8 * 3600), UTC),
        "country": (None, "DE", "US")[number % 3],
        **CHANNELS[number % len(CHANNELS)],
        "utm_campaign": None,
        "stripe_customer_id": None,
        "deleted_at": None,
    }


def _customer_lives(sandbox: Sandbox, number: int, account_id: str) -> None:
    """Every third begins with a trial; then each goes one of eight ways. Two never buy."""
    if number in (6, 17):
        return
    customer = sandbox.create_customer(account_id)
    held, wanted = HOLDINGS[number % len(HOLDINGS)]
    trial_days = 14 if number % 3 == 0 else 0
    coupons = ["co_forever_20"] if number % 7 == 3 else ["co_3_months"] if number % 7 == 5 and not trial_days else []
    single = "price_z_setup" if number % 4 == 1 else "price_z_service" if number % 8 == 2 else None
    subscription = sandbox.subscribe(customer, [(held, 1 + number % 3)], coupons, trial_days, single)

    def later(days: int, action: str) -> None:
        sandbox.at(sandbox.now + days * DAY + 3601 * number, partial(_act, sandbox, subscription, action, wanted))

    later(40, ("change", "end", "add", "fail", "change", "schedule", "credit", "refund")[number % 8])
    later(95, ("refund", "return", "change", "none", "credit", "return", "change", "end")[number % 8])
    later(150, ("end", "add", "none", "return", "add", "change", "fail", "return")[number % 8])
    if trial_days and number % 6 == 3:
        sandbox.at(sandbox.now + 10 * DAY, partial(sandbox.end, subscription, "cancellation_requested"))


def _act(sandbox: Sandbox, subscription: Document, action: str, wanted: str) -> None:
    customer = sandbox.objects["customers"][subscription["customer"]]
    items = subscription["items"]["data"]
    paid = [i for i in sandbox.invoices.of(subscription) if i["status"] == "paid" and i["amount_paid"] > 0]
    if action == "return" and subscription["ended_at"]:
        sandbox.subscribe(customer, [(wanted, 2)], [], 0)
    elif action == "credit" and paid:
        credit(sandbox, paid[-1], Fraction(1, 2), names_line=True, refunded=1000)
    elif action == "refund" and paid:
        refund(sandbox, paid[-1], 2500, "succeeded")
    elif subscription["ended_at"]:
        return
    elif action == "change":
        sandbox.change_items(subscription, [{**items[0], "price": PRICE[wanted], "quantity": 1}])
    elif action == "add":
        sandbox.change_items(subscription, [{**items[0], "quantity": items[0]["quantity"] + 2}])
    elif action == "end":
        sandbox.end(subscription, "cancellation_requested")
    elif action == "schedule":
        sandbox.schedule_end(subscription, wanted=True)
    elif action == "fail":
        sandbox.invoices.failing.add(subscription["id"])
        sandbox.at(sandbox.now + 40 * DAY, partial(_give_up, sandbox, subscription))


def _give_up(sandbox: Sandbox, subscription: Document) -> None:
    if subscription["status"] in ("past_due", "unpaid"):
        sandbox.end(subscription, "payment_failed")


def _agent(number: int, account: Row) -> Row:
    return {
        "id": f"agent_{account['id']}_{number}",
        "account_id": account["id"],
        "created_at": account["created_at"] + timedelta(hours=5 * number),
        "deleted_at": None,
    }


def _trials(accounts: list[Row]) -> Iterator[Row]:
    for number, account in enumerate(accounts):
        if number % 3 == 1:
            at = account["created_at"] + timedelta(hours=1)
            yield event(f"ev_trial_{number}", "trial_started", at, at, account_id=account["id"], trial_days=14)


def _conversations(agents: list[Row]) -> Iterator[Row]:
    """Each agent talks every few days, from hours to days after it was made; four in forty never do."""
    chance = Random(20260514)
    for position, agent in enumerate(agents):
        if position % 10 == 7:
            continue
        at = agent["created_at"] + timedelta(hours=chance.choice([2, 9, 20, 30, 100]))
        number = 0
        while at < datetime.fromtimestamp(local(RUN_DAY, 0), UTC):
            yield from _conversation(chance, f"conv_{position:02d}_{number:03d}", agent, at)
            number += 1
            at += timedelta(hours=chance.choice([5, 100, 180, 250, 400]), minutes=chance.randrange(60))


def _conversation(chance: Random, conversation_id: str, agent: Row, at: datetime) -> Iterator[Row]:
    ids = {"agent_id": agent["id"], "account_id": agent["account_id"], "conversation_id": conversation_id}
    kinds = ["conversation_started", *["message_sent"] * chance.randrange(1, 9)]
    kinds += chance.choice([[], ["response_rated"], ["lead_captured"], ["response_rated", "lead_captured"]])
    for step, kind in enumerate([*kinds, "conversation_ended"]):
        fields: Row = {"visitor_token": f"k1_{conversation_id}"}
        if kind == "conversation_started":
            fields |= {"is_test": False, "channel": "web"}
        elif kind == "message_sent":
            fields["sender"] = ("visitor", "agent")[step % 2]
        elif kind == "response_rated":
            fields["is_accurate"] = chance.random() < 0.9
        when = at + timedelta(seconds=step * chance.choice([20, 45]))
        yield event(f"ev_{conversation_id}_{step:02d}", kind, when, when + timedelta(seconds=2), **ids, **fields)


def _google_ads() -> Iterator[Row]:
    for number, days in enumerate(range(0, DAYS, 4)):
        yield {
            "spend_date": FIRST_DAY + timedelta(days=days),
            "customer_id": "123",
            "currency": ("EUR", "USD")[number % 5 == 4],
            "campaign_id": f"c{number % 2}",
            "cost_micros": 21_500_000 + 1_234_567 * (number % 9),
            "clicks": 3 + number % 5,
            "impressions": 700 + number,
            "conversions": ("0", "0.333333", "2.5")[number % 3],
            "source_file": "google_ads_1.csv",
            "row_number": number + 1,
        }


def _costs() -> Iterator[Row]:
    bills = (("content_marketing", "Acme"), ("organic_search", "Beta"), ("wordpress_plugin", "Acme"), ("other", "Fair"))
    for number in range(20):
        channel, vendor = bills[number % 4]
        first = FIRST_DAY + timedelta(days=15 * number)
        yield {
            "cost_date": first,
            "date_to": first + timedelta(days=6) if number % 2 else None,
            "channel": channel,
            "vendor": vendor,
            "amount": ("100", "99.99", "250.05", "1000.01")[number % 4],
            "currency": ("EUR", "EUR", "USD")[number % 3],
            "source_file": "costs_1.csv",
            "row_number": number + 1,
        }
