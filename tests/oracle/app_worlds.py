"""Hypothesis strategies for what happens in the app and what is spent: conversations, agents, trials, cost files.

Belongs here: chance about the app and the folders of files. Does not: subscriptions (worlds).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.calendar_worlds import Draw, moments
from tests.oracle.inputs import Row

AHEAD = timedelta(hours=20)
# How long after its start a conversation's event happens; before it too, for clocks are not to be trusted.
GAPS = st.sampled_from([-61, -1, 0, 1, 59, 60, 100, 149, 150, 299, 300, 301, 86_399, 86_400])
DELAYS = st.sampled_from([0, 1, 60, 3_600, 90_000, 260_000])


def at(epoch: int, microseconds: int = 0) -> datetime:
    return datetime.fromtimestamp(epoch, UTC) + timedelta(microseconds=microseconds)


def event(event_id: str, kind: str, occurred_at: datetime, received_at: datetime, **fields: Any) -> Row:
    """An event with the landed columns of docs/lake.md; what is not given is NULL."""
    blank = dict.fromkeys(
        (
            "account_id",
            "agent_id",
            "conversation_id",
            "visitor_token",
            "is_test",
            "channel",
            "sender",
            "is_accurate",
            "plan",
            "trial_days",
            "amount",
            "currency",
            "feature",
            "experiment",
            "variant",
        )
    )
    return {
        "id": event_id,
        "event_type": kind,
        "occurred_at": occurred_at,
        "received_at": received_at,
        **blank,
        **fields,
    }


@st.composite
def agents(draw: Draw, account_ids: Sequence[str], run_day: date) -> list[Row]:
    number = draw(st.integers(min_value=1, max_value=4))
    return [
        {
            "id": f"agent_{position}",
            "account_id": draw(st.sampled_from(account_ids)),
            "created_at": at(draw(moments(run_day, 70)), draw(st.sampled_from([0, 0, 1, 999_999]))),
            "deleted_at": None,
        }
        for position in range(1, 1 + number)
    ]


@st.composite
def conversations(draw: Draw, known: Sequence[Row], run_day: date) -> list[Row]:
    """Events of a handful of conversations: duplicates, late and early clocks, missing starts, several ends."""
    found: list[Row] = []
    for position in range(draw(st.integers(min_value=0, max_value=8))):
        found += draw(_conversation(f"conv_{position}", draw(st.sampled_from(known)), run_day))
    return found


@st.composite
def _conversation(draw: Draw, conversation_id: str, agent: Row, run_day: date) -> list[Row]:
    if draw(st.booleans()):
        start = at(draw(moments(run_day, 70)))
    else:
        start = agent["created_at"] + timedelta(
            seconds=draw(st.sampled_from([-5, 0, 1, 86_399, 86_400, 86_401, 7_300]))
        )
    ids = {"agent_id": agent["id"], "account_id": agent["account_id"], "conversation_id": conversation_id}
    kinds = draw(
        st.lists(
            st.sampled_from(["message_sent", "message_sent", "response_rated", "lead_captured", "conversation_ended"]),
            max_size=14,
        )
    )
    if draw(st.integers(min_value=0, max_value=9)):
        kinds = ["conversation_started", *kinds]
    found = []
    for number, kind in enumerate(kinds):
        gap = timedelta(seconds=0 if kind == "conversation_started" else draw(GAPS))
        occurred = start + gap
        fields: Row = {"visitor_token": f"k1_{conversation_id}"}
        if kind == "conversation_started":
            fields |= {"is_test": draw(st.sampled_from([None, False, False, True])), "channel": "web"}
        if kind == "message_sent":
            fields["sender"] = draw(st.sampled_from(["visitor", "agent", None]))
        if kind == "response_rated":
            fields["is_accurate"] = draw(st.sampled_from([True, True, False, None]))
        received = occurred + timedelta(seconds=draw(DELAYS)) - (AHEAD if draw(st.integers(0, 9)) == 0 else timedelta())
        row = event(f"ev_{conversation_id}_{number:02d}", kind, occurred, received, **ids, **fields)
        found.append(row)
        if draw(st.integers(0, 5)) == 0:
            found.append(row | {"received_at": received + timedelta(seconds=draw(st.sampled_from([1, 90_000])))})
    if found and draw(st.integers(0, 5)) == 0:
        found.append(found[0] | {"id": f"ev_{conversation_id}_again", "occurred_at": start + timedelta(seconds=30)})
    return found


@st.composite
def trial_events(draw: Draw, account_ids: Sequence[str], run_day: date) -> list[Row]:
    found = []
    for account_id in account_ids:
        if draw(st.booleans()):
            started = at(draw(moments(run_day)))
            days = draw(st.sampled_from([14, 7, None, 30]))
            found.append(
                event(
                    f"ev_trial_{account_id}", "trial_started", started, started, account_id=account_id, trial_days=days
                )
            )
    return found


@st.composite
def google_ads(draw: Draw, run_day: date) -> list[Row]:
    rows: list[Row] = []
    for file_number in range(draw(st.integers(min_value=0, max_value=2))):
        campaigns = range(draw(st.integers(min_value=0, max_value=4)))
        rows += [draw(_campaign_day(run_day, file_number, number)) for number in campaigns]
    return rows


@st.composite
def _campaign_day(draw: Draw, run_day: date, file_number: int, number: int) -> Row:
    return {
        "spend_date": run_day - timedelta(days=draw(st.integers(min_value=-1, max_value=60))),
        "customer_id": "123",
        "currency": draw(st.sampled_from(["EUR", "EUR", "USD", "SEK"])),
        "campaign_id": f"c{number}",
        "cost_micros": draw(st.sampled_from([0, 1, 49, 50, 1_234_567, 25_000_000])),
        "clicks": draw(st.sampled_from([0, 3])),
        "impressions": draw(st.sampled_from([0, 700])),
        "conversions": draw(st.sampled_from(["0", "0.333333", "2.5"])),
        "source_file": f"google_ads_{file_number}.csv",
        "row_number": number + 1,
    }


@st.composite
def costs(draw: Draw, run_day: date) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(min_value=0, max_value=4))):
        first = run_day - timedelta(days=draw(st.integers(min_value=0, max_value=100)))
        span = draw(st.sampled_from([None, 0, 2, 6, 30]))
        rows.append(
            {
                "cost_date": first,
                "date_to": None if span is None else first + timedelta(days=span),
                "channel": draw(st.sampled_from(["content_marketing", "organic_search", "radio", None])),
                "vendor": draw(st.sampled_from(["Acme", "Beta"])),
                "amount": draw(st.sampled_from(["100", "0.05", "99.99", "-10.00", "1000.01"])),
                "currency": draw(st.sampled_from(["EUR", "EUR", "USD", "SEK"])),
                "source_file": "costs_1.csv",
                "row_number": number + 1,
            }
        )
    return rows


@st.composite
def lives(draw: Draw, account_ids: Sequence[str], run_day: date) -> tuple[list[Row], list[Row]]:
    """Agents of some accounts, and every event of the app."""
    known = draw(agents(account_ids, run_day))
    return known, [*draw(conversations(known, run_day)), *draw(trial_events(account_ids, run_day))]
