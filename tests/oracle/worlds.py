"""Hypothesis strategies for small companies, consistent with themselves as the real sources are, edges likely.

Belongs here: chance. Does not: how Stripe behaves (sandbox) or what follows (the oracle).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial

from hypothesis import strategies as st

from tests.oracle import app_worlds
from tests.oracle.calendar_worlds import RUNS, WORLD_DAYS, Draw, local, moments
from tests.oracle.catalogue import COUPONS, PRICES, Document, compatible
from tests.oracle.catalogue import PRICE as PRICE_BY_ID
from tests.oracle.inputs import AppSnapshot, Inputs, Rate, Row
from tests.oracle.money_back import credit, refund, void_note
from tests.oracle.sandbox import Sandbox
from tests.oracle.sandbox_state import Manners
from tests.oracle.seeds import project_seeds
from tests.oracle.subscription_shapes import DAY

PRICE_IDS = tuple(price["id"] for price in PRICES)
coupon_lists = st.one_of(
    st.just([]), st.lists(st.sampled_from([coupon["id"] for coupon in COUPONS]), max_size=2, unique=True)
)
shares = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(1, 1000)])
quantities = st.sampled_from([1, 1, 1, 2, 3, 5, 6, 10, 11, 17])


@st.composite
def item_lists(draw: Draw) -> list[tuple[str, int]]:
    """One to three items that may stand in one subscription; the plain plans and one interval are likeliest."""
    base = draw(st.one_of(st.sampled_from(PRICE_IDS), st.sampled_from(PRICE_IDS[:4])))
    beside = compatible(PRICE_BY_ID[base], mixes_intervals=draw(st.integers(min_value=0, max_value=4)) == 0)
    others = draw(st.lists(st.sampled_from(beside), max_size=2))
    return [(price_id, draw(quantities)) for price_id in dict.fromkeys([base, *others])]


ACTIONS = (
    "change_items",
    "change_back",
    "end",
    "schedule_end",
    "unschedule_end",
    "pause",
    "pause",
    "resume",
    "start_failing",
    "start_failing",
    "recover",
    "give_up_unpaid",
    "give_up_cancel",
    "recover",
    "discount",
    "discount_item",
    "discount_customer",
    "void",
    "mark_uncollectible",
    "credit",
    "credit",
    "void_note",
    "void_note",
    "refund",
    "delete_customer",
)


@st.composite
def _script(draw: Draw, sandbox: Sandbox, customer: Document, run_day: date) -> None:
    """Put one subscription's life on the sandbox's calendar."""
    # The earlier of two, so that most of what happens to it happens in its life.
    born = min(draw(moments(run_day)), draw(moments(run_day)))
    items, coupons = draw(item_lists()), draw(coupon_lists)
    trial_days = draw(st.sampled_from([0, 0, 0, 7, 14]))
    step = st.builds(Step, st.sampled_from(ACTIONS), moments(run_day), item_lists(), coupon_lists, shares)
    steps = draw(st.lists(step, min_size=draw(st.sampled_from([0, 3])), max_size=6))
    single = draw(st.sampled_from([None, None, "price_z_setup", "price_z_service"]))

    def be_born() -> None:
        if customer["id"] not in sandbox.objects["customers"]:
            return
        subscription = sandbox.subscribe(customer, items, coupons, trial_days, single)
        for happening in steps:
            # What was drawn for before its birth happens as long after it.
            moment = born + abs(happening.moment - born)
            sandbox.at(moment, partial(_act, sandbox, subscription, happening))

    sandbox.at(born, be_born)


@dataclass(frozen=True)
class Step:
    """One thing that happens to a subscription; the lists and the share are what an action needs of them."""

    action: str
    moment: int
    items: Sequence[tuple[str, int]]
    coupons: Sequence[str]
    share: Fraction


def _act(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    if step.action in ("credit", "void_note", "refund", "void", "mark_uncollectible"):
        _act_on_invoice(sandbox, subscription, step)
    elif not subscription["ended_at"]:
        actions = {**_LIFE, **_DELINQUENCY}
        actions[step.action](sandbox, subscription, step)


def _act_on_invoice(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    if step.action in ("void", "mark_uncollectible"):
        for invoice in sandbox.invoices.open_of(subscription)[:1]:
            state = ("void", "voided_at") if step.action == "void" else ("uncollectible", "marked_uncollectible_at")
            invoice["status"] = state[0]
            invoice["status_transitions"][state[1]] = sandbox.now
        return
    paid = [i for i in sandbox.invoices.of(subscription) if i["status"] == "paid" and i["amount_paid"] > 0]
    if not paid:
        return
    # The newest, or one of months ago.
    invoice = paid[-1] if len(step.items) > 1 else paid[0]
    amount = max(int(invoice["amount_paid"] * step.share), 1)
    if step.action == "void_note":
        void_note(sandbox, invoice)
    elif step.action == "credit":
        credit(sandbox, invoice, step.share, names_line=not step.coupons, refunded=amount if len(step.items) > 1 else 0)
    else:
        refund(sandbox, invoice, amount, "failed" if len(step.coupons) > 1 else "succeeded")


def _end(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    sandbox.end(subscription, "cancellation_requested" if step.coupons else None)


def _schedule_end(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    sandbox.schedule_end(subscription, wanted=step.action == "schedule_end")


def _pause(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    behavior = ("void", "keep_as_draft", "mark_uncollectible")[len(step.items) - 1]
    paused = {"behavior": behavior, "resumes_at": None} if step.action == "pause" else None
    sandbox.change(subscription, pause_collection=paused)


def _delete_customer(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    del step
    sandbox.delete_customer(sandbox.objects["customers"][subscription["customer"]])


def _start_failing(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    """Renewals fail from now on; weeks later, when one has, Stripe gives up as the account's settings say."""
    sandbox.invoices.failing.add(subscription["id"])
    ending = "give_up_unpaid" if step.share >= Fraction(1, 2) else "give_up_cancel"
    sandbox.at(sandbox.now + 35 * DAY, partial(_act, sandbox, subscription, replace(step, action=ending)))


def _give_up(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    if step.action == "give_up_unpaid" and subscription["status"] == "past_due":
        sandbox.change(subscription, status="unpaid")
    elif step.action == "give_up_cancel" and subscription["status"] in ("past_due", "unpaid"):
        sandbox.end(subscription, "payment_failed" if step.coupons else None)


def _recover(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    del step
    sandbox.invoices.failing.discard(subscription["id"])
    for invoice in sandbox.invoices.open_of(subscription):
        sandbox.invoices.pay(invoice)
    if subscription["status"] in ("past_due", "unpaid"):
        sandbox.change(subscription, status="active")


def _discount(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    sandbox.discount_subscription(subscription, step.coupons)


def _discount_item(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    sandbox.discount_item(subscription, len(step.items), step.coupons)


def _discount_customer(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    customer = sandbox.objects["customers"][subscription["customer"]]
    sandbox.discount_customer(customer, step.coupons[0] if step.coupons else None)


def _change_items(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    """Move the held items to prices that may stand beside them, add what is new, drop what is too much."""
    held = subscription["items"]["data"]
    allowed = compatible(held[0]["price"], mixes_intervals=len(step.coupons) > 1)
    wanted = [(price_id, quantity) for price_id, quantity in step.items if price_id in allowed]
    wanted = wanted or [(held[0]["price"]["id"], step.items[0][1])]
    new = []
    for position, (price_id, quantity) in enumerate(wanted):
        if position < len(held):
            new.append({**held[position], "price": PRICE_BY_ID[price_id], "quantity": quantity})
        else:
            new.append(sandbox.new_item(price_id, quantity))
    sandbox.change_items(subscription, new)


def _change_back(sandbox: Sandbox, subscription: Document, step: Step) -> None:
    """Change the first item's quantity, and a while later back: two versions alike with another between."""
    first = subscription["items"]["data"][0]

    def hold(quantity: int) -> None:
        if not subscription["ended_at"] and subscription["items"]["data"][0]["id"] == first["id"]:
            held = subscription["items"]["data"]
            sandbox.change_items(subscription, [{**held[0], "quantity": quantity}, *held[1:]])

    hold(first["quantity"] + 1)
    sandbox.at(sandbox.now + (33 if len(step.items) > 1 else 3) * DAY, partial(hold, first["quantity"]))


_LIFE = {
    "change_items": _change_items,
    "change_back": _change_back,
    "delete_customer": _delete_customer,
    "end": _end,
    "schedule_end": _schedule_end,
    "unschedule_end": _schedule_end,
    "pause": _pause,
    "resume": _pause,
    "discount": _discount,
    "discount_item": _discount_item,
    "discount_customer": _discount_customer,
}
_DELINQUENCY = {
    "start_failing": _start_failing,
    "give_up_unpaid": _give_up,
    "give_up_cancel": _give_up,
    "recover": _recover,
}


@st.composite
def _accounts(draw: Draw, account_ids: Sequence[str], run_day: date) -> list[Row]:
    sources = st.sampled_from([None, "google", "newsletter", "wp-plugin", "Adwords"])
    mediums = st.sampled_from([None, "cpc", "organic", "blog", "referral"])
    hosts = st.sampled_from([None, "www.google.com", "blog.example.com", "wordpress.org"])
    return [
        {
            "id": account_id,
            "created_at": datetime.fromtimestamp(local(run_day - timedelta(days=WORLD_DAYS), 0), UTC),
            "country": draw(st.sampled_from([None, "DE", "US"])),
            "utm_source": draw(sources),
            "utm_medium": draw(mediums),
            "utm_campaign": None,
            "referrer_host": draw(hosts),
            "stripe_customer_id": None,
            "deleted_at": None,
        }
        for account_id in account_ids
    ]


@st.composite
def _rates(draw: Draw, run_day: date) -> list[Rate]:
    """Weekly or so, with holes, from before or within the world; SEK has none or begins late."""
    rates = []
    for currency, around in (("USD", "1.08"), ("JPY", "161.5"), ("KWD", "0.3347"), ("SEK", "11.2")):
        first = WORLD_DAYS + 60
        if currency == "SEK":
            first = draw(st.sampled_from([0, 40]))
        days_ago = draw(st.sampled_from([first, first, first, 70])) if first else 0
        while days_ago > 0:
            step = Decimal(draw(st.integers(min_value=-30, max_value=30))) / 1000
            rates.append(Rate(run_day - timedelta(days=days_ago), currency, Decimal(around) * (1 + step)))
            days_ago -= draw(st.sampled_from([9, 9, 3, 40]))
    return rates


@st.composite
def _manners(draw: Draw, run_day: date) -> Manners:
    foreign = draw(st.sampled_from([(0, 0), (0, 0), (200, 20), (35, 5)]))
    return Manners(
        foreign_events=(local(run_day - timedelta(days=foreign[0]), 0), local(run_day - timedelta(days=foreign[1]), 0)),
        repeats_discounts=draw(st.booleans()),
        spends_once_on_trials=draw(st.booleans()),
    )


@st.composite
def worlds(draw: Draw, *, with_billing: bool, with_app: bool) -> Inputs:
    """One to three accounts, read on one to four nights, some further apart than Stripe keeps events."""
    run_day, run_second = draw(RUNS)
    sandbox = Sandbox(
        tax_percent=draw(st.sampled_from([0, 19, 19, 7])),
        unspecified_inclusive=draw(st.booleans()),
        names_items=draw(st.booleans()),
        manners=draw(_manners(run_day)),
    )
    app_ids = [f"acc_{number}" for number in range(1, 1 + draw(st.integers(min_value=1, max_value=3)))]
    rows = draw(_accounts(app_ids, run_day))
    sandbox.run_until(local(run_day - timedelta(days=WORLD_DAYS), 0))
    for row in rows if with_billing else ():
        # Two customers may be one account; a sandbox customer counts nowhere.
        account_id = draw(st.sampled_from([row["id"], row["id"], app_ids[0], None, None]))
        customer = sandbox.create_customer(account_id, livemode=draw(st.integers(min_value=0, max_value=9)) > 0)
        if customer["metadata"].get("account_id") is None and draw(st.booleans()):
            row["stripe_customer_id"] = customer["id"]
        sandbox.backdated_days[customer["id"]] = draw(st.sampled_from([0, 0, 0, 0, 0, 3, 45]))
        if draw(st.integers(min_value=0, max_value=9)) == 0:
            sandbox.unbilled.add(customer["id"])
        for _ in range(draw(st.integers(min_value=1, max_value=2))):
            draw(_script(sandbox, customer, run_day))
    run_at = local(run_day, run_second)
    gaps = draw(st.lists(st.integers(min_value=1, max_value=40), max_size=3))
    for days_before in [sum(gaps[: n + 1]) for n in range(len(gaps))]:
        sandbox.at(run_at - days_before * DAY, sandbox.read)
    sandbox.at(run_at, sandbox.read)
    sandbox.run_until(run_at)
    agents, events = draw(app_worlds.lives(app_ids, run_day)) if with_app else ([], [])
    return Inputs(
        run_at=datetime.fromtimestamp(run_at, UTC),
        app=[AppSnapshot(night.read_at, rows, agents) for night in sandbox.nights],
        app_events=draw(st.permutations(events)),
        nights=sandbox.nights,
        google_ads=draw(app_worlds.google_ads(run_day)) if with_app else (),
        costs=draw(app_worlds.costs(run_day)) if with_app else (),
        rates=draw(_rates(run_day)),
        seeds=project_seeds(),
        api_version="pinned",
    )


finance_worlds = partial(worlds, with_billing=True, with_app=False)
product_worlds = partial(worlds, with_billing=False, with_app=True)
whole_worlds = partial(worlds, with_billing=True, with_app=True)
