"""What leaves the app's database: tables, columns, and the property keys of each event type.

Belongs here: the border as data. Does not: SQL text (select), the judging of rows (screen) or of a database's shape
(drift).
"""

from __future__ import annotations

from collections.abc import Mapping
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
    window="whole UTC days of received_at, from the look-back before the newest landed day",
)

# What a column may be in the database, by PostgreSQL's own names (a domain counts as its base type). Keys are read as
# text, so that the app may move from numbers to UUIDs; a type that casts to text in several ways (numeric, bytea,
# json) may not be one. An instant without a time zone could be any instant, and only jsonb holds no broken JSON.
KEY_TYPES = ("text", "character varying", "character", "uuid", "smallint", "integer", "bigint")
LABEL_TYPES = ("text", "character varying", "character", "enum")
INSTANT_TYPES = ("timestamp with time zone",)
DOCUMENT_TYPES = ("jsonb",)

# Every column that is read, and nothing else is: the SELECT lists, the grants and the check for drift follow this.
COLUMNS_READ: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "accounts": {
            "id": KEY_TYPES,
            "created_at": INSTANT_TYPES,
            "country": LABEL_TYPES,
            "utm_source": LABEL_TYPES,
            "utm_medium": LABEL_TYPES,
            "utm_campaign": LABEL_TYPES,
            "referrer": LABEL_TYPES,
            "stripe_customer_id": KEY_TYPES,
            "deleted_at": INSTANT_TYPES,
        },
        "agents": {
            "id": KEY_TYPES,
            "account_id": KEY_TYPES,
            "created_at": INSTANT_TYPES,
            "deleted_at": INSTANT_TYPES,
        },
        "events": {
            "id": KEY_TYPES,
            "event_type": LABEL_TYPES,
            "account_id": KEY_TYPES,
            "agent_id": KEY_TYPES,
            "conversation_id": KEY_TYPES,
            "visitor_id": KEY_TYPES,
            "properties": DOCUMENT_TYPES,
            "occurred_at": INSTANT_TYPES,
            "received_at": INSTANT_TYPES,
        },
    }
)

# Columns and event types that were looked at and stay as they are: the first are never read, the second land without
# properties. One that stands in no list is new, and said so until somebody has looked at it.
COLUMNS_LEFT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "accounts": ("email", "name", "company_name", "phone"),
        "agents": ("name", "persona"),
        "events": ("ip",),
    }
)
EVENT_TYPES_LEFT = ("page_viewed",)

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

# Stands in a text for bytes that are no UTF-8 (a database in SQL_ASCII holds any).
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
