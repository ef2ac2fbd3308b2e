"""The SELECT statements: the border itself. What is not in these lists stays in the app's database.

Belongs here: SQL text, the same for PostgreSQL and DuckDB. Does not: which rows are good (screen), which days are read
(windows), how it is executed (postgres, embedded).

Literals are written into the text because bound parameters would leave ADBC's COPY path; every one of them is a
datetime of ours, never text from outside. Texts are cut on the server, one character beyond what may land, so that a
10 MB property costs nothing here. Infinite instants are flagged: the driver has no value for them. What is flagged is
NULL everywhere else, which costs nothing to send.

`types` is what drift found each column of the table to be: a number or UUID needs no cutting.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ingestion.sources.app.contract import EVENT_PROPERTIES, MAX_KEY_LENGTH

Types = Mapping[str, str]

# A server clock before this is broken; so is a row that carries it.
EARLIEST_RECEIVED = datetime(2000, 1, 1, tzinfo=UTC)

_KEY = MAX_KEY_LENGTH + 1
_LABEL = 65
_REFERRER = 2048
# A visitor's id is only hashed; a longer one is hashed by its beginning.
_VISITOR = 1024

_JSON_TEXT_KEYS = ("is_test", "is_accurate")
# Types whose text is short whatever they hold.
_SHORT = ("uuid", "smallint", "integer", "bigint", "enum")


def _text(types: Types, column: str, length: int) -> str:
    """A column as text of at most `length` characters. Counting bytes first is free, `left` is not."""
    value = f"cast(t.{column} as text)"
    if types[column] in _SHORT:
        return f"{value} as {column}"
    return f"case when octet_length({value}) > {length} then left({value}, {length}) else {value} end as {column}"


def _key(types: Types, column: str) -> str:
    return _text(types, column, _KEY)


def _instant(column: str) -> tuple[str, str]:
    return (
        f"case when isfinite(t.{column}) then t.{column} end as {column}",
        f"case when not isfinite(t.{column}) then true end as {column}_is_infinite",
    )


def _property(key: str) -> str:
    """One property, for the event types that may show it: booleans as JSON text (`"true"` is no boolean)."""
    types = ", ".join(f"'{name}'" for name, keys in EVENT_PROPERTIES.items() if key in keys)
    value = f"cast((t.properties -> '{key}') as text)" if key in _JSON_TEXT_KEYS else f"(t.properties ->> '{key}')"
    return f"case when cast(t.event_type as text) in ({types}) then left({value}, {_LABEL}) end as {key}"


def property_keys() -> tuple[str, ...]:
    """Every key that may leave, each once, in the order the event types name them."""
    return tuple(dict.fromkeys(key for keys in EVENT_PROPERTIES.values() for key in keys))


def select_accounts(types: Types) -> str:
    columns = (
        _key(types, "id"),
        *_instant("created_at"),
        _text(types, "country", 3),
        _text(types, "utm_source", _LABEL),
        _text(types, "utm_medium", _LABEL),
        _text(types, "utm_campaign", _LABEL),
        _text(types, "referrer", _REFERRER),
        _key(types, "stripe_customer_id"),
        *_instant("deleted_at"),
    )
    return _statement(columns, "accounts", order_by="t.created_at, t.id")


def select_agents(types: Types) -> str:
    columns = (
        _key(types, "id"),
        _key(types, "account_id"),
        *_instant("created_at"),
        *_instant("deleted_at"),
    )
    return _statement(columns, "agents", order_by="t.created_at, t.id")


def select_events(types: Types, start: datetime, end: datetime) -> str:
    """Events received in [start, end), in the order they were received."""
    where = f"t.received_at >= {_literal(start)} and t.received_at < {_literal(end)}"
    return _events(types, where)


def select_unplaceable_events(types: Types, from_future: datetime) -> str:
    """Events that no window can hold: received never, before any server, at infinity, or at `from_future` and later."""
    where = (
        f"t.received_at is null or t.received_at < {_literal(EARLIEST_RECEIVED)} "
        f"or t.received_at >= {_literal(from_future)}"
    )
    return _events(types, where)


def select_first_received(end: datetime) -> str:
    """The instant history begins at (NULL when there is none before `end`)."""
    return (
        "select min(t.received_at) as first_received_at from events as t "
        f"where t.received_at >= {_literal(EARLIEST_RECEIVED)} and t.received_at < {_literal(end)}"
    )


def _events(types: Types, where: str) -> str:
    columns = (
        _key(types, "id"),
        _key(types, "event_type"),
        _key(types, "account_id"),
        _key(types, "agent_id"),
        _key(types, "conversation_id"),
        _text(types, "visitor_id", _VISITOR),
        *_instant("occurred_at"),
        *_instant("received_at"),
        "case when t.properties is null or jsonb_typeof(t.properties) <> 'object' then true end as has_no_properties",
        *(_property(key) for key in property_keys()),
    )
    # Presorted by the index on received_at; the rest makes the order total.
    order_by = "t.received_at, t.id, t.occurred_at, t.event_type, t.conversation_id"
    return _statement(columns, "events", order_by, where)


def _statement(columns: tuple[str, ...], table: str, order_by: str, where: str | None = None) -> str:
    condition = f"\nwhere {where}" if where else ""
    listed = ",\n  ".join(columns)
    return f"select\n  {listed}\nfrom {table} as t{condition}\norder by {order_by}"


def _literal(instant: datetime) -> str:
    text = instant.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
    return f"timestamp with time zone '{text}'"
