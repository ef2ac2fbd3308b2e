"""What visitors do with the agents: every conversation, message, rating and lead, a local day at a time.

Columns of numbers only, drawn in bulk; identifiers and texts are put on in app_events.py. The truth about each
conversation is reckoned here from what was decided, counting what had reached the server by the world's end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from ingestion.simulator.accounts import Agent
from ingestion.simulator.clock import DAY, days_between, local_midnight
from ingestion.simulator.randomness import throws, vector_stream

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
SECOND = 1_000_000
START, MESSAGE, RATING, LEAD, END = range(5)
NEVER = np.iinfo(np.int64).max
_HOURLY = (3.0, 2.6)
_WEEKDAY = (1.15, 1.15, 1.1, 1.1, 1.0, 0.75, 0.75)
_SEASON = {7: 0.9, 8: 0.85, 11: 1.2, 12: 1.15}


@dataclass(frozen=True)
class Activity:
    """Parallel columns, one entry an event: `kind`, `agent` and `conversation` numbers, microseconds, a `detail`.

    `detail` is the channel of a start (negative: a test), the sender of a message (0 visitor, 1 agent), 1 for an
    accurate rating. `is_copy` marks a second delivery of the same event id.
    """

    kind: Numbers
    agent: Numbers
    conversation: Numbers
    visitor: Numbers
    occurred: Numbers
    received: Numbers
    detail: Numbers
    is_copy: Flags
    ids: npt.NDArray[np.uint8]
    conversation_ids: npt.NDArray[np.uint8]
    conversation_agent: Numbers


def simulate_activity(seed: int, agents: Sequence[Agent], start: date, end: date) -> Activity:
    """All events of all local days from `start` to `end` (exclusive); `agents` sorted by creation."""
    crowd = _Crowd.of(agents)
    days = []
    known = 0
    for day in days_between(start, end):
        drawn = _one_day(seed, crowd, day, known)
        if drawn is not None:
            days.append(drawn)
            known += len(drawn.conversation_agent)
    return Activity(*(np.concatenate([getattr(day, name) for day in days]) for name in Activity.__dataclass_fields__))


@dataclass(frozen=True)
class _Crowd:
    """The agents as columns."""

    created: Numbers
    first_value: Numbers
    used_from: Numbers
    used_until: Numbers
    weekly_rate: npt.NDArray[np.float64]
    liveliness: npt.NDArray[np.float64]

    def uses(self, agent: Numbers, moment: Numbers) -> Flags:
        """Whether each agent is in use at its moment."""
        begun = self.used_from[agent] <= moment[:, None]
        used: Flags = np.logical_or.reduce(begun & (moment[:, None] < self.used_until[agent]), axis=1)
        return used

    @classmethod
    def of(cls, agents: Sequence[Agent]) -> "_Crowd":
        def micros(values: Sequence[int | None]) -> Numbers:
            return np.array([NEVER if value is None else value * SECOND for value in values], dtype=np.int64)

        # Spans padded to one width with empty ones: (agents, spans).
        width = max((len(agent.in_use) for agent in agents), default=0)
        spans = [[*agent.in_use, *[(0, 0)] * (width - len(agent.in_use))] for agent in agents]
        return cls(
            micros([agent.created_at for agent in agents]),
            micros([agent.first_value_at for agent in agents]),
            np.array([micros([since for since, _ in row]) for row in spans]),
            np.array([micros([until for _, until in row]) for row in spans]),
            np.array([agent.weekly_rate for agent in agents]),
            np.array([agent.liveliness for agent in agents]),
        )


def _one_day(seed: int, crowd: _Crowd, day: date, known: int) -> Activity | None:
    first = local_midnight(day) * SECOND
    last = local_midnight(day + timedelta(days=1)) * SECOND
    present = int(np.searchsorted(crowd.created, last))
    rng = vector_stream(seed, "conversations", day)
    monday = day - timedelta(days=day.weekday())
    lively = vector_stream(seed, "week", monday).random(present) < crowd.liveliness[:present]
    first_value = crowd.first_value[:present]
    fresh = (first_value < last) & (first_value > first - 7 * DAY * SECOND)
    rate = crowd.weekly_rate[:present] / 7 * _WEEKDAY[day.weekday()] * _SEASON.get(day.month, 1.0)
    counts = rng.poisson(np.where(lively | fresh, rate, 0.0))
    agent = np.repeat(np.arange(present), counts)
    begun = first + (rng.beta(*_HOURLY, size=len(agent)) * (last - first)).astype(np.int64)
    wanted = (begun > first_value[agent]) & crowd.uses(agent, begun)
    agent, begun = agent[wanted], begun[wanted]
    opening = np.flatnonzero((first_value >= first) & (first_value < last))
    opening = opening[crowd.uses(opening, first_value[opening])]
    if len(begun) and day.day % 9 == 0:
        # Someone always writes on the stroke of midnight.
        begun[0] = first if first_value[agent[0]] < first else begun[0]
    agent = np.concatenate([opening, agent])
    begun = np.concatenate([first_value[opening], begun])
    if not len(agent):
        return None
    return _converse(rng, agent, begun, len(opening), known)


def _converse(rng: np.random.Generator, agent: Numbers, begun: Numbers, openings: int, known: int) -> Activity:
    count = len(agent)
    messages = np.clip(2 + rng.poisson(5.4, count), 2, 24)
    length = (np.clip(rng.lognormal(5.75, 0.75, count), 8, 7200) * SECOND).astype(np.int64)
    is_test = throws(rng, 0.025, count) & (np.arange(count) >= openings)
    has_lead = throws(rng, 0.66, count) & ~is_test
    has_end = throws(rng, 0.93, count)
    visitor = agent * 1000 + rng.integers(0, 400, count)
    everyone = np.arange(count)
    talk = np.repeat(everyone, messages)
    turn = np.arange(len(talk)) - np.repeat(np.cumsum(messages) - messages, messages)
    said = begun[talk] + length[talk] * (turn + 1) // (messages[talk] + 1)
    rated = np.flatnonzero((turn % 2 == 1) & throws(rng, 0.17, len(talk)))
    leads, ends = np.flatnonzero(has_lead), np.flatnonzero(has_end)
    again = np.flatnonzero(throws(rng, 0.003, count))
    after = ends[throws(rng, 0.006, len(ends))]
    channel = rng.integers(1, 4, count) * np.where(is_test, -1, 1)
    parts = [
        (START, everyone, begun, channel),
        (START, again, begun[again] + 20 * SECOND, channel[again]),
        (MESSAGE, talk, said, turn % 2),
        (MESSAGE, after, begun[after] + length[after] + 30 * SECOND, np.zeros(len(after), dtype=np.int64)),
        (RATING, talk[rated], said[rated] + 4 * SECOND, throws(rng, 0.94, len(rated)).astype(np.int64)),
        (LEAD, leads, begun[leads] + length[leads] * 4 // 5, np.zeros(len(leads), dtype=np.int64)),
        (END, ends, begun[ends] + length[ends], np.zeros(len(ends), dtype=np.int64)),
    ]
    kind = np.concatenate([np.full(len(who), code, dtype=np.int64) for code, who, _, _ in parts])
    who = np.concatenate([who for _, who, _, _ in parts])
    occurred = np.concatenate([moment for _, _, moment, _ in parts])
    detail = np.concatenate([value for _, _, _, value in parts])
    total = len(kind)
    received = occurred + (rng.exponential(0.9, total) * SECOND).astype(np.int64) + 60_000
    delayed = throws(rng, 0.010, total)
    late = throws(rng, 0.0035, total) & ~delayed
    received[delayed] += rng.integers(600, 20 * 3600, int(delayed.sum())) * SECOND
    received[late] += rng.integers(3 * DAY, 40 * DAY, int(late.sum())) * SECOND
    ids = np.frombuffer(rng.bytes(16 * total), dtype=np.uint8).reshape(total, 16)
    twice = np.flatnonzero(throws(rng, 0.012, total))
    echo = received[twice] + rng.integers(1, 2 * DAY, len(twice)) * SECOND
    # A tenth of the second deliveries tell another time: the first to arrive is the one that counts.
    altered = occurred[twice] + np.where(throws(rng, 0.1, len(twice)), SECOND, 0)
    order = np.concatenate([np.arange(total), twice])
    return Activity(
        kind=kind[order],
        agent=agent[who][order],
        conversation=(who + known)[order],
        visitor=visitor[who][order],
        occurred=np.concatenate([occurred, altered]),
        received=np.concatenate([received, echo]),
        detail=detail[order],
        is_copy=np.concatenate([np.zeros(total, dtype=np.bool_), np.ones(len(twice), dtype=np.bool_)]),
        ids=ids[order],
        conversation_ids=np.frombuffer(rng.bytes(16 * count), dtype=np.uint8).reshape(count, 16),
        conversation_agent=agent,
    )


@dataclass(frozen=True)
class ConversationTruth:
    """Parallel columns, one entry a conversation that had started by the world's end."""

    conversation: Numbers
    agent: Numbers
    started: Numbers
    ended: Numbers
    messages: Numbers
    visitor_messages: Numbers
    agent_messages: Numbers
    leads: Numbers
    ratings: Numbers
    accurate: Numbers
    events: Numbers
    is_test: Flags


def truth_of(activity: Activity, end: int) -> tuple[ConversationTruth, int]:
    """The truth at the world's end (Unix seconds), and how many events belong to conversations without a start."""
    counted = (activity.received < end * SECOND) & ~activity.is_copy
    size = len(activity.conversation_agent)
    kind, who = activity.kind[counted], activity.conversation[counted]
    occurred, detail = activity.occurred[counted], activity.detail[counted]
    started, ended, last = np.full(size, NEVER), np.full(size, -NEVER), np.full(size, -NEVER)
    starts, ends = kind == START, kind == END
    np.minimum.at(started, who[starts], occurred[starts])
    np.maximum.at(ended, who[ends], occurred[ends])
    np.maximum.at(last, who, occurred)
    is_test = np.zeros(size, dtype=np.bool_)
    is_test[who[starts & (detail < 0)]] = True

    def tally(mask: Flags) -> Numbers:
        return np.bincount(who[mask], minlength=size)

    said, rated = kind == MESSAGE, kind == RATING
    real = np.flatnonzero(started != NEVER)
    orphans = int((started[who] == NEVER).sum())
    truth = ConversationTruth(
        conversation=real,
        agent=activity.conversation_agent[real],
        started=started[real],
        ended=np.where(ended == -NEVER, last, ended)[real],
        messages=tally(said)[real],
        visitor_messages=tally(said & (detail == 0))[real],
        agent_messages=tally(said & (detail == 1))[real],
        leads=tally(kind == LEAD)[real],
        ratings=tally(rated)[real],
        accurate=tally(rated & (detail == 1))[real],
        events=np.bincount(who, minlength=size)[real],
        is_test=is_test[real],
    )
    return truth, orphans
