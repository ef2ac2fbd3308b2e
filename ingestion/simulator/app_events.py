"""The rows of the app's three tables: identifiers, texts and properties put on, with everything a real log has wrong.

Turns decided activity into Arrow tables of the app's own columns, the same for every database they are written to.
"""

import binascii
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.accounts import Account, Agent
from ingestion.simulator.clock import DAY, HOUR, instant_of
from ingestion.simulator.conversations import (
    END,
    LEAD,
    MESSAGE,
    NEVER,
    RATING,
    SECOND,
    START,
    Activity,
    ConversationTruth,
)
from ingestion.simulator.desk import AppSignal
from ingestion.simulator.randomness import digest, happens, stream, uuid_of

INSTANT = pa.timestamp("us", tz="UTC")
EVENT_COLUMNS = (
    "id",
    "event_type",
    "account_id",
    "agent_id",
    "conversation_id",
    "visitor_id",
    "properties",
    "ip",
    "occurred_at",
    "received_at",
)
_TYPES = ("conversation_started", "message_sent", "response_rated", "lead_captured", "conversation_ended")
_CHANNELS = ("widget", "whatsapp", "wordpress")
_SAID = (
    "Hello, are you open on Saturday?",
    "My name is Karin Vogel, please call me on +49 170 5551234.",
    "You can write to karin.vogel@example.org",
    "What does the large package cost?",
    "Do you deliver to Vienna?",
    "I need to move my appointment.",
    "Thanks, that helps.",
    "Can I talk to a person?",
)
_VARIANTS = ("control", "short_form")
_FEATURES = ("lead_export", "knowledge_base", "widget_theme", "handover", "analytics", "calendar sync")


@dataclass(frozen=True)
class AccountEvent:
    """What the app tracked about an account: a signal, its properties as JSON, and both clocks in microseconds."""

    id: str
    account_id: str
    signal: AppSignal
    properties: str
    occurred_at: int
    received_at: int


@dataclass(frozen=True)
class OddRow:
    """An event row that must not count, as text cells by column (None is NULL), due at `due` (Unix seconds)."""

    due: int
    reason: str
    cells: dict[str, str | None]


def uuid_texts(raw: npt.NDArray[np.uint8]) -> pa.Array:
    """(n, 16) random bytes as an Arrow string array of n version-4-shaped UUIDs."""
    fixed = raw.copy()
    fixed[:, 6] = fixed[:, 6] & 0x0F | 0x40
    fixed[:, 8] = fixed[:, 8] & 0x3F | 0x80
    digits = np.frombuffer(binascii.hexlify(fixed.tobytes()), dtype=np.uint8).reshape(-1, 32)
    texts = np.full((len(raw), 36), ord("-"), dtype=np.uint8)
    spans = ((0, 0, 8), (9, 8, 12), (14, 12, 16), (19, 16, 20), (24, 20, 32))
    for target, first, last in spans:
        texts[:, target : target + last - first] = digits[:, first:last]
    offsets = np.arange(0, 36 * (len(raw) + 1), 36, dtype=np.int32)
    return pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets.tobytes()), pa.py_buffer(texts.tobytes()))


def conversation_rows(activity: Activity, agents: Sequence[Agent]) -> pa.Table:
    """The events of conversations, in the app's columns."""
    codes, texts = _properties(activity)
    visitors, visitor_codes = np.unique(activity.visitor, return_inverse=True)
    names = pa.array([f"v-{digest('visitor', number).hex()[:20]}" for number in visitors.tolist()])
    addresses = pa.array([f"198.51.{number % 100}.{number % 251}" for number in visitors.tolist()])
    agent_ids = pa.array([agent.id for agent in agents])
    account_ids = pa.array([agent.account.id for agent in agents])
    return pa.table(
        [
            uuid_texts(activity.ids),
            pa.array(_TYPES).take(pa.array(activity.kind)),
            account_ids.take(pa.array(activity.agent)),
            agent_ids.take(pa.array(activity.agent)),
            uuid_texts(activity.conversation_ids).take(pa.array(activity.conversation)),
            names.take(pa.array(visitor_codes)),
            pa.array(texts).take(pa.array(codes)),
            addresses.take(pa.array(visitor_codes)),
            pa.array(activity.occurred).cast(INSTANT),
            pa.array(activity.received).cast(INSTANT),
        ],
        names=EVENT_COLUMNS,
    )


def _properties(activity: Activity) -> tuple[npt.NDArray[np.int64], list[str]]:
    texts: list[str] = []

    def block(values: Iterable[dict[str, object]]) -> int:
        texts.extend(json.dumps(value) for value in values)
        return len(texts)

    kind, detail = activity.kind, activity.detail
    spice = activity.ids[:, 0].astype(np.int64)
    codes = np.zeros(len(kind), dtype=np.int64)
    starts = 0
    lines = block({"is_test": test, "channel": channel} for test in (False, True) for channel in _CHANNELS)
    codes[kind == START] = starts + (np.abs(detail) - 1 + 3 * (detail < 0))[kind == START]
    # A few starts carry values that must not leave: the row lands, the values do not.
    strange = block([{"is_test": "maybe", "channel": "ask karin.vogel@example.org"}]) - 1
    codes[(kind == START) & (detail > 0) & (spice == 0)] = strange
    lines = len(texts)
    ratings = block({"sender": who, "text": text} for who in ("visitor", "agent") for text in _SAID)
    codes[kind == MESSAGE] = lines + (detail * len(_SAID) + spice % len(_SAID))[kind == MESSAGE]
    leads = block({"is_accurate": bool(value)} for value in (0, 1))
    codes[kind == RATING] = ratings + detail[kind == RATING]
    ends = block({"email": f"lead{number}@example.org", "name": f"Lead {number}"} for number in range(256))
    codes[kind == LEAD] = leads + spice[kind == LEAD]
    block([{"reason": "closed by visitor"}])
    codes[kind == END] = ends
    return codes, texts


def account_events(
    seed: int, account: Account, signals: Sequence[AppSignal], paid_spans: Sequence[tuple[int, int | None]], end: int
) -> list[AccountEvent]:
    """What the app tracks about an account itself: trials, conversions, features, experiments, page views."""
    welcome, variant = f"/welcome?email={account.email}", stream(seed, "variant", account.id)
    exposed: dict[str, str | int] = {"experiment": "onboarding", "variant": variant.choice(_VARIANTS)}
    told = [
        *signals,
        AppSignal(account.created_at + 5, "page_viewed", {"url": welcome}),
        AppSignal(account.created_at + 30, "experiment_exposed", exposed),
    ]
    use = stream(seed, "features", account.id)
    for since, until in paid_spans:
        moment = since + use.randrange(DAY)
        while moment < min(end, until or end):
            told.append(AppSignal(moment, "feature_used", {"feature": use.choice(_FEATURES)}))
            moment += int(use.expovariate(1 / (5 * DAY))) + HOUR
    events: list[AccountEvent] = []
    for signal in told:
        name = (account.id, signal.at, signal.event_type)
        rng = stream(seed, "app clock", *name)
        if signal.event_type == "trial_converted" and happens(rng, 0.02):
            continue  # The app forgets to track a few conversions: Stripe knows better.
        # Some clocks run ahead by hours: such an event may lie after the day it was received on.
        ahead = 5 * HOUR if signal.event_type == "feature_used" and happens(rng, 0.02) else 0
        instants = ((signal.at + ahead) * SECOND, signal.at * SECOND + rng.randrange(80_000, 4 * SECOND))
        text = json.dumps(signal.properties)
        event_id = uuid_of(seed, "account event", *name)
        events.append(AccountEvent(event_id, account.id, signal, text, *instants))
    return events


def account_table(events: Sequence[AccountEvent]) -> pa.Table:
    """Account events in the app's columns."""
    rows = []
    for told in events:
        texts = (told.id, told.signal.event_type, told.account_id, None, None, None, told.properties, "198.51.100.7")
        rows.append((*texts, told.occurred_at, told.received_at))
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(column, pa.string()) for column in columns[:-2]]
    arrays += [pa.array(column, pa.int64()).cast(INSTANT) for column in columns[-2:]]
    return pa.table(arrays, names=EVENT_COLUMNS)


_ODDITIES: tuple[tuple[str, str, dict[str, str | None]], ...] = (
    ("id is null", "feature_used", {"id": None}),
    ("event_type is null", "feature_used", {"event_type": None}),
    ("occurred_at is null", "message_sent", {"occurred_at": None}),
    ("occurred_at is infinite", "message_sent", {"occurred_at": "infinity"}),
    ("account_id is null", "trial_started", {"account_id": None}),
    ("agent_id is null", "message_sent", {"agent_id": None}),
    ("conversation_id is null", "lead_captured", {"conversation_id": None}),
    ("occurred_at is more than 1 day ahead of received_at", "message_sent", {"occurred_at": "+3"}),
    ("occurred_at is more than 366 days behind received_at", "message_sent", {"occurred_at": "-400"}),
    ("properties is no JSON object", "message_sent", {"properties": '["visitor", "hello"]'}),
    ("properties is no JSON object", "feature_used", {"properties": '"lead_export"'}),
    ("properties is no JSON object", "response_rated", {"properties": None}),
    ("received_at is null", "message_sent", {"received_at": None}),
)


def odd_rows(seed: int, agents: Sequence[Agent], start: int, end: int) -> list[OddRow]:
    """A few dozen rows that no number may count: one of each kind about every two months."""
    rows: list[OddRow] = []
    for number, moment in enumerate(range(start + 20 * DAY, end, 57 * DAY)):
        living = [agent for agent in agents if agent.created_at < moment]
        for position, (reason, event_type, wrong) in enumerate(_ODDITIES):
            agent = living[(number * 7 + position) % len(living)]
            due = moment + position * HOUR
            cells: dict[str, str | None] = {
                "id": uuid_of(seed, "odd", number, position),
                "event_type": event_type,
                "account_id": agent.account.id,
                "agent_id": agent.id,
                "conversation_id": uuid_of(seed, "odd conversation", number, position),
                "visitor_id": "v-odd",
                "properties": '{"sender": "visitor", "text": "hm"}',
                "ip": "198.51.100.9",
                "occurred_at": instant_of(due).isoformat(),
                "received_at": instant_of(due + 2).isoformat(),
            }
            cells |= wrong
            if (shift := wrong.get("occurred_at")) is not None and shift[0] in "+-":
                cells["occurred_at"] = instant_of(due + int(shift) * DAY).isoformat()
            rows.append(OddRow(due, reason, cells))
    return rows


def count_odd(rows: Iterable[OddRow]) -> Counter[str]:
    """How many odd rows there are, by reason."""
    return Counter(row.reason for row in rows)


def in_order_of_arrival(tables: Sequence[pa.Table]) -> pa.Table:
    """One log, as an append-only table grew: by arrival, then by id."""
    return pa.concat_tables(tables).sort_by(
        [("received_at", "ascending"), ("id", "ascending"), ("occurred_at", "ascending")]
    )


def before(events: pa.Table, instant: int) -> pa.Table:
    """The rows received before an instant (Unix seconds)."""
    bound = pa.scalar(instant * SECOND, pa.int64()).cast(INSTANT)
    return events.filter(pc.less(events["received_at"], bound))


def truth_tables(
    truth: ConversationTruth, activity: Activity, agents: Sequence[Agent], end: int
) -> tuple[pa.Table, pa.Table]:
    """The ledger's tables of conversations (tests included) and of agents with their first real conversation.

    `end` is the world's, in Unix seconds: what it deletes later is not deleted yet.
    """
    agent_ids = pa.array([agent.id for agent in agents])
    account_ids = pa.array([agent.account.id for agent in agents])
    conversations = pa.table(
        {
            "conversation_id": uuid_texts(activity.conversation_ids).take(pa.array(truth.conversation)),
            "agent_id": agent_ids.take(pa.array(truth.agent)),
            "account_id": account_ids.take(pa.array(truth.agent)),
            "started_at": pa.array(truth.started).cast(INSTANT),
            "ended_at": pa.array(truth.ended).cast(INSTANT),
            "message_count": truth.messages,
            "visitor_message_count": truth.visitor_messages,
            "agent_message_count": truth.agent_messages,
            "lead_count": truth.leads,
            "rated_response_count": truth.ratings,
            "accurate_response_count": truth.accurate,
            "event_count": truth.events,
            "is_test": truth.is_test,
        }
    )
    first = np.full(len(agents), NEVER)
    np.minimum.at(first, truth.agent[~truth.is_test], truth.started[~truth.is_test])
    created = np.array([agent.created_at * SECOND for agent in agents], dtype=np.int64)
    gone = [None if agent.deleted_at is None or agent.deleted_at >= end else agent.deleted_at for agent in agents]
    return conversations, pa.table(
        {
            "agent_id": agent_ids,
            "account_id": account_ids,
            "created_at": pa.array(created).cast(INSTANT),
            "deleted_at": pa.array([None if at is None else at * SECOND for at in gone], pa.int64()).cast(INSTANT),
            "first_conversation_at": pa.array(first, mask=first == NEVER).cast(INSTANT),
        }
    )
