"""What leaves the app's database: tables, columns, and the property keys of each event type.

Belongs here: the border as data. Does not: SQL text (select) or the judging of rows (screen).
"""

from __future__ import annotations

from types import MappingProxyType

import pyarrow as pa

from ingestion.contract import INSTANT, TableContract

SOURCE = "app"

ACCOUNTS = TableContract(
    source=SOURCE,
    name="accounts",
    partition_key="snapshot_date",
    schema=pa.schema(
        [
            ("id", pa.string()),
            ("created_at", INSTANT),
            ("country", pa.string()),
            ("utm_source", pa.string()),
            ("utm_medium", pa.string()),
            ("utm_campaign", pa.string()),
            ("referrer_host", pa.string()),
            ("stripe_customer_id", pa.string()),
            ("deleted_at", INSTANT),
        ]
    ),
    key_columns=("id",),
    window="the whole table, once a UTC day of the run",
)

AGENTS = TableContract(
    source=SOURCE,
    name="agents",
    partition_key="snapshot_date",
    schema=pa.schema(
        [("id", pa.string()), ("account_id", pa.string()), ("created_at", INSTANT), ("deleted_at", INSTANT)]
    ),
    key_columns=("id",),
    window="the whole table, once a UTC day of the run",
)

EVENTS = TableContract(
    source=SOURCE,
    name="events",
    partition_key="received_date",
    schema=pa.schema(
        [
            ("id", pa.string()),
            ("event_type", pa.string()),
            ("account_id", pa.string()),
            ("agent_id", pa.string()),
            ("conversation_id", pa.string()),
            ("visitor_token", pa.string()),
            ("occurred_at", INSTANT),
            ("received_at", INSTANT),
            ("is_test", pa.bool_()),
            ("channel", pa.string()),
            ("sender", pa.string()),
            ("is_accurate", pa.bool_()),
            ("plan", pa.string()),
            ("trial_days", pa.int64()),
            ("amount", pa.string()),
            ("currency", pa.string()),
            ("feature", pa.string()),
            ("experiment", pa.string()),
            ("variant", pa.string()),
        ]
    ),
    key_columns=("id",),
    window="whole UTC days of received_at, from 3 days before the newest landed day",
)

# The property keys that may leave, by event type. A type that is not here lands with no properties.
EVENT_PROPERTIES = MappingProxyType(
    {
        "conversation_started": ("is_test", "channel"),
        "message_sent": ("sender",),
        "response_rated": ("is_accurate",),
        "lead_captured": (),
        "conversation_ended": (),
        "trial_started": ("plan", "trial_days"),
        "trial_converted": ("plan", "amount", "currency"),
        "feature_used": ("feature",),
        "experiment_exposed": ("experiment", "variant"),
    }
)

CONVERSATION_EVENTS = (
    "conversation_started",
    "conversation_ended",
    "message_sent",
    "response_rated",
    "lead_captured",
)
ACCOUNT_EVENTS = ("trial_started", "trial_converted", "feature_used", "experiment_exposed")
CONVERSATION_KEYS = ("account_id", "agent_id", "conversation_id")

SENDERS = ("visitor", "agent")

# A key longer than this is no key; it is also how much of one is ever fetched.
MAX_KEY_LENGTH = 255
