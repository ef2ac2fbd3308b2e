"""The simulator's ledger of conversations and agents in the shapes of the product marts.

Belongs here: scores, days and windows as METRICS 2.1 says, reckoned from the ledger's tables. Does not: comparing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow.compute as pc

from ingestion.simulator.world import World
from tests.e2e.exact import local_day, monday_of, to_places

Row = tuple[Any, ...]
SECOND = timedelta(seconds=1)
HUNDREDTH_OF_AN_HOUR = timedelta(seconds=36)
TARGET = timedelta(hours=24)


def conversations(world: World, pseudonym_key: str) -> Iterator[Row]:
    """Rows of fct_conversations: those that really started, tests left out."""
    key_id, _, secret = pseudonym_key.partition(":")
    starts = world.events.filter(pc.equal(world.events["event_type"], "conversation_started"))
    visitors = dict(zip(starts["conversation_id"].to_pylist(), starts["visitor_id"].to_pylist(), strict=True))
    for told in world.ledger.conversations.to_pylist():
        if told["is_test"]:
            continue
        token = hmac.new(secret.encode(), visitors[told["conversation_id"]].encode(), hashlib.sha256).hexdigest()
        seconds = max((told["ended_at"] - told["started_at"]) // SECOND, 0)
        yield (
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


def _quality(messages: int, seconds: int, leads: int) -> Decimal:
    score = 40 * Fraction(min(messages, 10), 10) + 30 * min(Fraction(seconds, 60), Fraction(5)) / 5 + 30 * (leads > 0)
    # Tenths as a whole number first: a fraction is exact, and so is the half that is rounded away from zero.
    return Decimal(int(score * 10 + Fraction(1, 2))) / 10


def agents(world: World) -> Iterator[Row]:
    """Rows of fct_agent_ttfv at the world's end."""
    for told in world.ledger.agents.to_pylist():
        first, created = told["first_conversation_at"], told["created_at"]
        hours = within = None
        if first is not None:
            wait = max(first - created, timedelta(0))
            hundredths = (2 * wait + HUNDREDTH_OF_AN_HOUR) // (2 * HUNDREDTH_OF_AN_HOUR)
            hours, within = Decimal(hundredths) / 100, first - created < TARGET
        elif world.end - created >= TARGET:
            within = False
        yield (
            told["agent_id"],
            told["account_id"],
            created,
            monday_of(local_day(created)),
            first,
            hours,
            within,
        )


def agent_days(world: World) -> dict[tuple[str, date], tuple[str, int, int, int]]:
    """(agent, local day) → account, conversations, messages, leads: the rows of fct_agent_days."""
    days: dict[tuple[str, date], tuple[str, int, int, int]] = {}
    for told in world.ledger.conversations.to_pylist():
        if not told["is_test"]:
            key = told["agent_id"], local_day(told["started_at"])
            _, count, messages, leads = days.get(key, ("", 0, 0, 0))
            added = messages + told["message_count"], leads + told["lead_count"]
            days[key] = (told["account_id"], count + 1, *added)
    return days


def weekly_active(world: World, as_of_date: date) -> Iterator[Row]:
    """Rows of weekly_active_agents: every day from the first conversation to `as_of_date`."""
    active: dict[date, Counter[str]] = defaultdict(Counter)
    for (agent_id, day), (_, count, _, _) in agent_days(world).items():
        active[day][agent_id] += count
    day = min(active)
    while day <= as_of_date:
        window = sum((active[day - timedelta(days=back)] for back in range(7)), Counter())
        total = window.total()
        yield day, len(window), total, to_places(Decimal(total) / len(window)) if window else None
        day += timedelta(days=1)
