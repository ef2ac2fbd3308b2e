"""Hypothesis strategies for small companies, consistent with themselves as the real sources are, edges likely.

Belongs here: chance. Does not: how Stripe behaves (sandbox) or what follows (the oracle).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.oracle.catalogue import COUPONS, PRICES, Document, compatible
from tests.oracle.catalogue import PRICE as PRICE_BY_ID
from tests.oracle.inputs import AppSnapshot, Inputs, Rate, Row
from tests.oracle.sandbox import DAY, Sandbox
from tests.oracle.seeds import project_seeds

BERLIN = ZoneInfo("Europe/Berlin")
Draw = Callable[[st.SearchStrategy[Any]], Any]

# Nights after which something is over: a month, a year, a day of 23 or 25 hours; and plain ones.
RUN_DAYS = st.sampled_from(
    [date(2026, 4, 1), date(2026, 3, 29), date(2026, 3, 30), date(2026, 1, 1), date(2025, 11, 1), date(2025, 10, 27), date(2026, 3, 1), date(2026, 5, 14), date(2026, 6, 30)]
)
# Local seconds after midnight: midnight itself, a second around it, the hours DST takes or gives, noon.
SECONDS = st.one_of(
    st.sampled_from([0, 0, 0, 1, 86_399, 7_199, 7_200, 10_800, 43_200]), st.integers(min_value=0, max_value=86_399)
)
WORLD_DAYS = 130


def local(day: date, seconds: int) -> int:
    """Epoch seconds of a local time of day."""
    return int((datetime.combine(day, datetime.min.time(), BERLIN) + timedelta(seconds=seconds)).timestamp())


@st.composite
def moments(draw: Draw, run_day: date, first_days_ago: int = WORLD_DAYS) -> int:
    """An instant in the life of a world; ends of months are as likely as all else."""
    day = run_day - timedelta(days=draw(st.integers(min_value=0, max_value=first_days_ago)))
    if draw(st.booleans()):
        day = day.replace(day=1)
    return local(day, draw(SECONDS))


coupon_ids = st.sampled_from([coupon["id"] for coupon in COUPONS])
coupon_lists = st.one_of(st.just([]), st.lists(coupon_ids, max_size=2, unique=True))
quantities = st.sampled_from([1, 1, 1, 2, 3, 5, 6, 10, 11, 17])


@st.composite
def item_lists(draw: Draw) -> list[tuple[str, int]]:
    """One to three items that may stand in one subscription; the plain plans are likeliest."""
    base = draw(st.sampled_from([*PRICES, *PRICES[:4], *PRICES[:4], PRICES[11], PRICES[16]]))
    others = draw(st.lists(st.sampled_from(compatible(base)), max_size=2))
    return [(price_id, draw(quantities)) for price_id in dict.fromkeys([base["id"], *others])]


ACTIONS = (
    "change_items",
    "end",
    "schedule_end",
    "unschedule_end",
    "pause",
    "resume",
    "start_failing",
    "give_up_unpaid",
    "give_up_cancel",
    "recover",
    "discount",
    "discount_item",
    "discount_customer",
    "void",
    "mark_uncollectible",
)


@st.composite
def _script(draw: Draw, sandbox: Sandbox, customer: Document, run_day: date) -> None:
    """Put one subscription's life on the sandbox's calendar."""
    born = draw(moments(run_day))
    items, coupons = draw(item_lists()), draw(coupon_lists)
    trial_days = draw(st.sampled_from([0, 0, 0, 7, 14]))
    steps = draw(
        st.lists(st.tuples(st.sampled_from(ACTIONS), moments(run_day), item_lists(), coupon_lists), max_size=4)
    )
    if trial_days:
        coupons = [coupon for coupon in coupons if not coupon.startswith("co_once")]

    def be_born() -> None:
        subscription = sandbox.subscribe(customer, items, coupons, trial_days)
        for action, moment, new_items, new_coupons in steps:
            if moment >= born:
                sandbox.at(moment, lambda a=action, i=new_items, c=new_coupons: _act(sandbox, subscription, a, i, c))

    sandbox.at(born, be_born)


def _act(
    sandbox: Sandbox,
    subscription: Document,
    action: str,
    items: Sequence[tuple[str, int]],
    coupons: Sequence[str],
) -> None:
    if subscription["ended_at"]:
        return
    customer = sandbox.objects["customers"][subscription["customer"]]
    match action:
        case "change_items":
            _change_items(sandbox, subscription, items)
        case "end":
            sandbox.end(subscription, "cancellation_requested" if coupons else None)
        case "schedule_end" | "unschedule_end":
            sandbox.schedule_end(subscription, wanted=action == "schedule_end")
        case "pause" | "resume":
            paused = {"behavior": "void", "resumes_at": None} if action == "pause" else None
            sandbox.change(subscription, pause_collection=paused)
        case "start_failing":
            sandbox.failing.add(subscription["id"])
        case "give_up_unpaid" if subscription["status"] == "past_due":
            sandbox.change(subscription, status="unpaid")
        case "give_up_cancel" if subscription["status"] in ("past_due", "unpaid"):
            sandbox.end(subscription, "payment_failed" if coupons else None)
        case "recover":
            sandbox.failing.discard(subscription["id"])
            for invoice in sandbox.open_invoices(subscription):
                sandbox.pay(invoice)
            if subscription["status"] in ("past_due", "unpaid"):
                sandbox.change(subscription, status="active")
        case "discount":
            sandbox.discount_subscription(subscription, coupons)
        case "discount_item":
            sandbox.discount_item(subscription, len(items), coupons)
        case "discount_customer":
            sandbox.discount_customer(customer, coupons[0] if coupons else None)
        case "void" | "mark_uncollectible":
            for invoice in sandbox.open_invoices(subscription)[:1]:
                state = ("void", "voided_at") if action == "void" else ("uncollectible", "marked_uncollectible_at")
                invoice["status"] = state[0]
                invoice["status_transitions"][state[1]] = sandbox.now


def _change_items(sandbox: Sandbox, subscription: Document, items: Sequence[tuple[str, int]]) -> None:
    """Move the held items to prices that may stand beside them, add what is new, drop what is too much."""
    held = subscription["items"]["data"]
    allowed = compatible(held[0]["price"])
    wanted = [(price_id, quantity) for price_id, quantity in items if price_id in allowed]
    wanted = wanted or [(held[0]["price"]["id"], items[0][1])]
    new = []
    for position, (price_id, quantity) in enumerate(wanted):
        if position < len(held):
            new.append({**held[position], "price": PRICE_BY_ID[price_id], "quantity": quantity})
        else:
            new.append(sandbox.new_item(price_id, quantity))
    sandbox.change_items(subscription, new)


@st.composite
def _app(draw: Draw, account_ids: Sequence[str], run_day: date) -> list[Row]:
    sources = st.sampled_from([None, "google", "newsletter", "wp-plugin", "Adwords"])
    mediums = st.sampled_from([None, "cpc", "organic", "blog", "referral"])
    hosts = st.sampled_from([None, "www.google.com", "blog.example.com", "wordpress.org"])
    return [
        {
            "id": account_id,
            "created_at": datetime.fromtimestamp(draw(moments(run_day)), UTC),
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
    """Weekly or so, from before or within the world; SEK has none or begins late."""
    rates = []
    for currency, around in (("USD", "1.08"), ("JPY", "161.5"), ("KWD", "0.3347"), ("SEK", "11.2")):
        first = WORLD_DAYS + 10
        if currency == "SEK":
            first = draw(st.sampled_from([0, 40]))
        for days_ago in range(first, 0, -9):
            step = Decimal(draw(st.integers(min_value=-30, max_value=30))) / 1000
            rates.append(Rate(run_day - timedelta(days=days_ago), currency, Decimal(around) * (1 + step)))
    return rates


@st.composite
def finance_worlds(draw: Draw) -> Inputs:
    """One to four accounts with subscriptions, read on one to three nights not more than 30 days apart."""
    run_day = draw(RUN_DAYS)
    sandbox = Sandbox(
        tax_percent=draw(st.sampled_from([0, 19, 19, 7])),
        unspecified_inclusive=draw(st.booleans()),
        names_items=draw(st.booleans()),
    )
    app_ids = [f"acc_{number}" for number in range(1, 1 + draw(st.integers(min_value=1, max_value=3)))]
    rows = draw(_app(app_ids, run_day))
    start = local(run_day - timedelta(days=WORLD_DAYS), 0)
    sandbox.run_until(start)
    for row in rows:
        customer = sandbox.create_customer(row["id"] if draw(st.booleans()) else None)
        if customer["metadata"].get("account_id") is None and draw(st.booleans()):
            row["stripe_customer_id"] = customer["id"]
        for _ in range(draw(st.integers(min_value=1, max_value=2))):
            draw(_script(sandbox, customer, run_day))
    run_at = local(run_day, draw(st.sampled_from([0, 3 * 3600, 3 * 3600, 86_399])))
    gaps = draw(st.lists(st.integers(min_value=1, max_value=29), max_size=2))
    for days_before in [sum(gaps[: n + 1]) for n in range(len(gaps))]:
        sandbox.at(run_at - days_before * DAY, sandbox.read)
    sandbox.at(run_at, sandbox.read)
    sandbox.run_until(run_at)
    return Inputs(
        run_at=datetime.fromtimestamp(run_at, UTC),
        app=[AppSnapshot(night.read_at, rows, ()) for night in sandbox.nights],
        app_events=(),
        nights=sandbox.nights,
        google_ads=(),
        costs=(),
        rates=draw(_rates(run_day)),
        seeds=project_seeds(),
        api_version="pinned",
    )
