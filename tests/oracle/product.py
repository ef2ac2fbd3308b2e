"""Conversations, agents and their days: METRICS 2.1.

Belongs here: the six product marts. Does not: accounts' money or channels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.clock import ReportingClock, days, week_of
from tests.oracle.inputs import AppSnapshot, Inputs, Row
from tests.oracle.money import percentile, quotient, ratio, rounded

CONVERSATION_TYPES = frozenset(
    {"conversation_started", "conversation_ended", "message_sent", "response_rated", "lead_captured"}
)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def counted_events(inputs: Inputs) -> list[Row]:
    """Each event id once (the earliest `received_at` wins), without those that still wait (METRICS 0, 1.1)."""
    clock = ReportingClock.of(inputs)
    first: dict[str, Row] = {}
    for event in sorted(inputs.app_events, key=lambda row: (row["received_at"], row["occurred_at"])):
        if event["received_at"] < inputs.run_at:
            first.setdefault(event["id"], event)
    return [event for event in first.values() if event["occurred_at"] < clock.horizon]


def latest_rows(snapshots: Sequence[AppSnapshot], table: str) -> dict[str, Row]:
    """The newest row of each id ever landed: deleted accounts and agents stay (METRICS 0)."""
    rows: dict[str, Row] = {}
    for snapshot in sorted(snapshots, key=lambda taken: taken.read_at):
        rows.update({row["id"]: row for row in getattr(snapshot, table)})
    return rows


def fct_conversations(inputs: Inputs) -> list[Row]:
    clock = ReportingClock.of(inputs)
    by_conversation: dict[str, list[Row]] = defaultdict(list)
    for event in counted_events(inputs):
        if event["event_type"] in CONVERSATION_TYPES:
            by_conversation[event["conversation_id"]].append(event)
    rows = (_conversation(clock, inputs.quality_weights, events) for events in by_conversation.values())
    return [row for row in rows if row is not None]


def _conversation(clock: ReportingClock, weights: Mapping[str, int], events: Sequence[Row]) -> Row | None:
    """None for a conversation that never started, or whose earliest start says it is a test."""
    starts = [event for event in events if event["event_type"] == "conversation_started"]
    if not starts:
        return None
    start = min(starts, key=lambda event: (event["occurred_at"], event["received_at"], event["id"]))
    if start["is_test"]:
        return None
    ends = [event["occurred_at"] for event in events if event["event_type"] == "conversation_ended"]
    ended_at = max(ends) if ends else max(event["occurred_at"] for event in events)
    seconds = max((ended_at - start["occurred_at"]) // SECOND, 0)
    messages = [event for event in events if event["event_type"] == "message_sent"]
    rated = [e for e in events if e["event_type"] == "response_rated" and e["is_accurate"] is not None]
    leads = sum(event["event_type"] == "lead_captured" for event in events)
    return {
        "conversation_id": start["conversation_id"],
        "agent_id": start["agent_id"],
        "account_id": start["account_id"],
        "visitor_token": start["visitor_token"],
        "started_at": start["occurred_at"],
        "started_date": clock.date_of(start["occurred_at"]),
        "ended_at": ended_at,
        "duration_seconds": seconds,
        "message_count": len(messages),
        "visitor_message_count": sum(event["sender"] == "visitor" for event in messages),
        "agent_message_count": sum(event["sender"] == "agent" for event in messages),
        "lead_count": leads,
        "has_lead": leads > 0,
        "rated_response_count": len(rated),
        "accurate_response_count": sum(bool(event["is_accurate"]) for event in rated),
        "quality_score": _quality_score(weights, len(messages), seconds, leads),
    }


def _quality_score(weights: Mapping[str, int], messages: int, seconds: int, leads: int) -> Decimal:
    """40·min(messages,10)/10 + 30·min(minutes,5)/5 + 30·(lead ? 1 : 0), to 1 decimal."""
    return rounded(
        Fraction(weights["messages"] * min(messages, 10), 10)
        + weights["duration"] * min(Fraction(seconds, 60), Fraction(5)) / 5
        + weights["lead"] * (leads > 0),
        1,
    )


def fct_agent_ttfv(inputs: Inputs, conversations: Sequence[Row]) -> list[Row]:
    clock = ReportingClock.of(inputs)
    first: dict[str, datetime] = {}
    for row in conversations:
        known = first.get(row["agent_id"])
        first[row["agent_id"]] = row["started_at"] if known is None else min(known, row["started_at"])
    agents = latest_rows(inputs.app, "agents").values()
    return [
        _agent_ttfv(clock, agent, first.get(agent["id"])) for agent in agents if agent["created_at"] < clock.horizon
    ]


def _agent_ttfv(clock: ReportingClock, agent: Row, first: datetime | None) -> Row:
    elapsed = max(first - agent["created_at"], timedelta()) if first is not None else None
    undecided = elapsed is None and clock.horizon - agent["created_at"] < DAY
    return {
        "agent_id": agent["id"],
        "account_id": agent["account_id"],
        "created_at": agent["created_at"],
        "created_week": week_of(clock.date_of(agent["created_at"])),
        "first_conversation_at": first,
        "ttfv_hours": None
        if elapsed is None
        else rounded(Fraction(elapsed // timedelta(microseconds=1), 3_600_000_000), 2),
        "is_within_target": None if undecided else elapsed is not None and elapsed < DAY,
    }


def ttfv_weekly(agents: Sequence[Row]) -> list[Row]:
    weeks: dict[date, list[Row]] = defaultdict(list)
    for agent in agents:
        weeks[agent["created_week"]].append(agent)
    return [_ttfv_week(week, rows) for week, rows in weeks.items()]


def _ttfv_week(week: date, agents: Sequence[Row]) -> Row:
    hours = [agent["ttfv_hours"] for agent in agents if agent["ttfv_hours"] is not None]
    decided = [agent["is_within_target"] for agent in agents if agent["is_within_target"] is not None]
    return {
        "created_week": week,
        "agents_created": len(agents),
        "agents_with_value": len(hours),
        "agents_decided": len(decided),
        "agents_within_target": sum(decided),
        "within_target_ratio": ratio(sum(decided), len(decided)),
        "median_ttfv_hours": percentile(hours, Fraction(1, 2)),
        "p90_ttfv_hours": percentile(hours, Fraction(9, 10)),
    }


def fct_agent_days(conversations: Iterable[Row]) -> list[Row]:
    """All of a conversation counts on the day it started."""
    groups: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in conversations:
        groups[row["agent_id"], row["started_date"]].append(row)
    return [
        {
            "agent_id": agent_id,
            "activity_date": day,
            "account_id": rows[0]["account_id"],
            "conversation_count": len(rows),
            "message_count": sum(row["message_count"] for row in rows),
            "lead_count": sum(row["lead_count"] for row in rows),
        }
        for (agent_id, day), rows in groups.items()
    ]


def weekly_active_agents(inputs: Inputs, agent_days: Sequence[Row]) -> list[Row]:
    """One row for every day from the first; both counts over the 7 days ending that day."""
    if not agent_days:
        return []
    first = min(row["activity_date"] for row in agent_days)
    return [_active_week(day, agent_days) for day in days(first, ReportingClock.of(inputs).as_of_date)]


def _active_week(day: date, agent_days: Sequence[Row]) -> Row:
    week = [row for row in agent_days if day - timedelta(days=6) <= row["activity_date"] <= day]
    active = len({row["agent_id"] for row in week})
    conversations = sum(row["conversation_count"] for row in week)
    return {
        "activity_date": day,
        "active_agents": active,
        "conversation_count": conversations,
        "conversations_per_active_agent": quotient(conversations, active),
    }


def conversation_quality_daily(conversations: Iterable[Row]) -> list[Row]:
    groups: dict[date, list[Row]] = defaultdict(list)
    for row in conversations:
        groups[row["started_date"]].append(row)
    return [_quality_day(day, rows) for day, rows in groups.items()]


def _quality_day(day: date, rows: Sequence[Row]) -> Row:
    rated = sum(row["rated_response_count"] for row in rows)
    accurate = sum(row["accurate_response_count"] for row in rows)
    return {
        "activity_date": day,
        "conversation_count": len(rows),
        "avg_quality_score": quotient(sum((row["quality_score"] for row in rows), Decimal(0)), len(rows)),
        "lead_count": sum(row["lead_count"] for row in rows),
        "rated_response_count": rated,
        "accurate_response_count": accurate,
        "response_accuracy_ratio": ratio(accurate, rated),
    }
