"""The simulator's ledger of conversations and agents in the shapes of the product marts.

Belongs here: scores, days, weeks and windows as METRICS 2.1 says, reckoned from the ledger's tables. Does not:
comparing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pyarrow.compute as pc

from ingestion.simulator.world import World
from tests.e2e.exact import INSTANT, every_day, local_day, monday_of, percentile, quotient, ratio

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
TARGET = timedelta(hours=24)


class Conversation(NamedTuple):
    """A row of fct_conversations."""

    conversation_id: str
    agent_id: str
    account_id: str
    visitor_token: str
    started_at: datetime
    started_date: date
    ended_at: datetime
    duration_seconds: int
    message_count: int
    visitor_message_count: int
    agent_message_count: int
    lead_count: int
    has_lead: bool
    rated_response_count: int
    accurate_response_count: int
    quality_score: Decimal | None


class AgentTtfv(NamedTuple):
    """A row of fct_agent_ttfv."""

    agent_id: str
    account_id: str
    created_at: datetime
    created_week: date
    first_conversation_at: datetime | None
    ttfv_hours: Decimal | None
    is_within_target: bool | None


class TtfvWeek(NamedTuple):
    """A row of ttfv_weekly."""

    created_week: date
    agents_created: int
    agents_with_value: int
    agents_decided: int
    agents_within_target: int
    within_target_ratio: Decimal | None
    median_ttfv_hours: Decimal | None
    p90_ttfv_hours: Decimal | None


class AgentDay(NamedTuple):
    """A row of fct_agent_days."""

    agent_id: str
    activity_date: date
    account_id: str
    conversation_count: int
    message_count: int
    lead_count: int


class ActiveDay(NamedTuple):
    """A row of weekly_active_agents."""

    activity_date: date
    active_agents: int
    conversation_count: int
    conversations_per_active_agent: Decimal | None


class QualityDay(NamedTuple):
    """A row of conversation_quality_daily."""

    activity_date: date
    conversation_count: int
    avg_quality_score: Decimal | None
    lead_count: int
    rated_response_count: int
    accurate_response_count: int
    response_accuracy_ratio: Decimal | None


def conversations(world: World, pseudonym_key: str) -> Iterator[Conversation]:
    """Those that really started, tests left out."""
    key_id, _, secret = pseudonym_key.partition(":")
    starts = world.events.filter(pc.equal(world.events["event_type"], "conversation_started"))
    visitors = dict(zip(starts["conversation_id"].to_pylist(), starts["visitor_id"].to_pylist(), strict=True))
    for told in world.ledger.conversations.to_pylist():
        if told["is_test"]:
            continue
        token = hmac.new(secret.encode(), visitors[told["conversation_id"]].encode(), hashlib.sha256).hexdigest()
        seconds = max((told["ended_at"] - told["started_at"]) // SECOND, 0)
        yield Conversation(
            told["conversation_id"],
            told["agent_id"],
            told["account_id"],
            f"{key_id}_{token}",
            told["started_at"],
            local_day(told["started_at"]),
            told["ended_at"],
            seconds,
            told["message_count"],
            told["visitor_message_count"],
            told["agent_message_count"],
            told["lead_count"],
            told["lead_count"] > 0,
            told["rated_response_count"],
            told["accurate_response_count"],
            _quality(told["message_count"], seconds, told["lead_count"]),
        )


def _quality(messages: int, seconds: int, leads: int) -> Decimal | None:
    minutes = min(Fraction(seconds, 60), Fraction(5))
    return quotient(40 * Fraction(min(messages, 10), 10) + 30 * minutes / 5 + 30 * (leads > 0), 1, places=1)


def agents(world: World) -> Iterator[AgentTtfv]:
    """Time to first value of every agent, as far as it is decided at the world's end."""
    for told in world.ledger.agents.to_pylist():
        first, created = told["first_conversation_at"], told["created_at"]
        hours = within = None
        if first is not None:
            waited = max(first - created, timedelta(0))
            hours, within = quotient(waited // INSTANT, HOUR // INSTANT, places=2), first - created < TARGET
        elif world.end - created >= TARGET:
            within = False
        week = monday_of(local_day(created))
        yield AgentTtfv(told["agent_id"], told["account_id"], created, week, first, hours, within)


def ttfv_weeks(agents: Iterable[AgentTtfv]) -> Iterator[TtfvWeek]:
    """The agents of each week they were made in."""
    weeks: dict[date, list[AgentTtfv]] = defaultdict(list)
    for agent in agents:
        weeks[agent.created_week].append(agent)
    for week, made in weeks.items():
        hours = [agent.ttfv_hours for agent in made if agent.ttfv_hours is not None]
        decided = sum(agent.is_within_target is not None for agent in made)
        within = sum(agent.is_within_target is True for agent in made)
        middle, high = percentile(hours, 5), percentile(hours, 9)
        yield TtfvWeek(week, len(made), len(hours), decided, within, ratio(within, decided), middle, high)


def agent_days(conversations: Iterable[Conversation]) -> list[AgentDay]:
    """All of a conversation counts on the day it started."""
    days: dict[tuple[str, date, str], list[Conversation]] = defaultdict(list)
    for told in conversations:
        days[told.agent_id, told.started_date, told.account_id].append(told)
    return [
        AgentDay(*key, len(held), sum(told.message_count for told in held), sum(told.lead_count for told in held))
        for key, held in days.items()
    ]


def active_days(days: Iterable[AgentDay], as_of_date: date) -> Iterator[ActiveDay]:
    """Every day from the first conversation on, each with the six before it."""
    active: dict[date, Counter[str]] = defaultdict(Counter)
    for told in days:
        active[told.activity_date][told.agent_id] += told.conversation_count
    for day in every_day(min(active), as_of_date):
        window = sum((active[day - timedelta(days=back)] for back in range(7)), Counter())
        yield ActiveDay(day, len(window), window.total(), quotient(window.total(), len(window)))


def quality_days(conversations: Iterable[Conversation]) -> Iterator[QualityDay]:
    """Every day on which a conversation started."""
    days: dict[date, list[Conversation]] = defaultdict(list)
    for told in conversations:
        days[told.started_date].append(told)
    for day, held in days.items():
        rated = sum(told.rated_response_count for told in held)
        accurate = sum(told.accurate_response_count for told in held)
        yield QualityDay(
            day,
            len(held),
            quotient(sum(told.quality_score or 0 for told in held), len(held)),
            sum(told.lead_count for told in held),
            rated,
            accurate,
            ratio(accurate, rated),
        )
