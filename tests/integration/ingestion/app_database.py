"""A small app database, the same in PostgreSQL and in DuckDB, with everything in it that must not get out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from adbc_driver_postgresql import dbapi

LEAST_PRIVILEGES = Path(__file__).parents[3] / "docs" / "sql" / "least_privileges.sql"

PERSONAL = ("jane@example.com", "Jane Doe", "+49 30 1234567", "my secret question", "203.0.113.9", "visitor-jane")

POSTGRES_TYPES = {"json": "jsonb"}
DUCKDB_TYPES = {"json": "json"}

_TABLES = """
create table accounts (id text, created_at timestamptz, country char(2), utm_source text, utm_medium text,
  utm_campaign text, referrer text, stripe_customer_id text, deleted_at timestamptz, email text, company_name text);
create table agents (id text, account_id text, created_at timestamptz, deleted_at timestamptz, persona text);
create table events (id text, event_type text, account_id text, agent_id text, conversation_id text, visitor_id text,
  properties {json}, occurred_at timestamptz, received_at timestamptz, ip text);
create index events_received_at on events (received_at)
"""

_ACCOUNTS = """
insert into accounts values
 ('a1', '2026-11-01 10:00:00+00', 'de', 'google', 'cpc', 'spring sale', 'https://www.Google.com/search?q=jane', 'cus_1',
  null, 'jane@example.com', 'Jane Doe'),
 ('a2', '2026-11-02 10:00:00+00', 'X1', 'jane@example.com', '+49 30 1234567', '', 'mailto:jane@example.com',
  null, 'infinity', 'jane@example.com', 'Jane Doe'),
 ('', '2026-11-02 10:00:00+00', 'DE', null, null, null, null, null, null, null, null),
 (null, '2026-11-02 10:00:00+00', 'DE', null, null, null, null, null, null, null, null),
 ('a5', null, 'DE', null, null, null, null, null, null, null, null),
 ('a6', '-infinity', 'DE', null, null, null, null, null, null, null, null)
"""

_AGENTS = """
insert into agents values
 ('g1', 'a1', '2026-11-01 11:00:00+00', null, 'Jane Doe'),
 ('g2', null, '2026-11-01 11:00:00+00', null, 'Jane Doe'),
 ('g3', 'a1', null, null, 'Jane Doe')
"""

Event = tuple[str | None, str | None, str | None, str | None, str | None, str | None, str | None, str | None]

# id, event_type, agent_id, conversation_id, visitor_id, properties, occurred_at, received_at; the account is a1.
GOOD_EVENTS: tuple[Event, ...] = (
    (
        "e1",
        "conversation_started",
        "g1",
        "c1",
        "visitor-jane",
        '{"is_test": true, "channel": "web", "ip": "203.0.113.9"}',
        "2026-11-18 23:59:59+00",
        "2026-11-18 23:59:59.999999+00",
    ),
    (
        "e2",
        "message_sent",
        "g1",
        "c1",
        "visitor-jane",
        '{"sender": "visitor", "text": "my secret question"}',
        "2026-11-19 00:00:00+00",
        "2026-11-19 00:00:00+00",
    ),
    (
        "e3",
        "response_rated",
        "g1",
        "c1",
        None,
        '{"is_accurate": false}',
        "2026-11-19 00:01:00+00",
        "2026-11-19 00:01:00+00",
    ),
    (
        "e4",
        "lead_captured",
        "g1",
        "c1",
        "visitor-jane",
        '{"email": "jane@example.com", "plan": "starter"}',
        "2026-11-19 00:02:00+00",
        "2026-11-19 00:02:00+00",
    ),
    (
        "e5",
        "trial_converted",
        None,
        None,
        None,
        '{"plan": "starter", "amount": 99.50, "currency": "eur"}',
        "2026-11-20 08:00:00+00",
        "2026-11-20 08:00:00+00",
    ),
    (
        "e6",
        "trial_started",
        None,
        None,
        None,
        '{"plan": "starter", "trial_days": 14}',
        "2026-11-20 08:00:00+00",
        "2026-11-20 08:00:01+00",
    ),
    (
        "e7",
        "page_viewed",
        None,
        None,
        None,
        '{"plan": "starter", "text": "my secret question"}',
        "2026-11-20 08:00:00+00",
        "2026-11-20 08:00:02+00",
    ),
    # The clock's limits themselves are allowed.
    (
        "e8",
        "feature_used",
        None,
        None,
        None,
        '{"feature": "widget"}',
        "2026-11-21 09:00:00+00",
        "2026-11-20 09:00:00+00",
    ),
    (
        "e9",
        "feature_used",
        None,
        None,
        None,
        '{"feature": "widget"}',
        "2025-11-19 09:00:00+00",
        "2026-11-20 09:00:00+00",
    ),
    # Values that may not land take only themselves away.
    (
        "e10",
        "message_sent",
        "g1",
        "c1",
        None,
        '{"sender": "Jane Doe"}',
        "2026-11-20 09:00:00+00",
        "2026-11-20 09:00:00+00",
    ),
    (
        "e11",
        "conversation_started",
        "g1",
        "c2",
        None,
        '{"is_test": "true", "channel": "+49 30 1234567"}',
        "2026-11-20 09:00:00+00",
        "2026-11-20 09:00:00+00",
    ),
    (
        "e12",
        "trial_converted",
        None,
        None,
        None,
        '{"plan": {"a": 1}, "amount": "many", "currency": "euro"}',
        "2026-11-20 09:00:00+00",
        "2026-11-20 09:00:00+00",
    ),
    (
        "e13",
        "trial_started",
        None,
        None,
        None,
        '{"plan": null, "trial_days": 14.5}',
        "2026-11-20 09:00:00+00",
        "2026-11-20 09:00:00+00",
    ),
    # Twice the same id: both land.
    (
        "e2",
        "message_sent",
        "g1",
        "c1",
        "visitor-jane",
        '{"sender": "visitor"}',
        "2026-11-19 00:00:00+00",
        "2026-11-21 00:00:00+00",
    ),
)

BAD_EVENTS: tuple[tuple[Event, str], ...] = (
    ((None, "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"), "id is null"),
    (("", "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"), "id is empty"),
    (
        ("x" * 300, "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"),
        "id is longer than 255 characters",
    ),
    (("b1", None, None, None, None, "{}", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"), "event_type is null"),
    (
        ("b2", "message_sent", None, "c1", None, "{}", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"),
        "agent_id is null",
    ),
    (
        ("b3", "lead_captured", "g1", " ", None, "{}", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"),
        "conversation_id is empty",
    ),
    (("b4", "feature_used", None, None, None, "{}", None, "2026-11-20 10:00:00+00"), "occurred_at is null"),
    (("b5", "feature_used", None, None, None, "{}", "infinity", "2026-11-20 10:00:00+00"), "occurred_at is infinite"),
    (
        ("b6", "feature_used", None, None, None, "{}", "2026-11-21 10:00:01+00", "2026-11-20 10:00:00+00"),
        "occurred_at is more than 1 day ahead of received_at",
    ),
    (
        ("b7", "feature_used", None, None, None, "{}", "2025-11-19 09:59:59+00", "2026-11-20 10:00:00+00"),
        "occurred_at is more than 366 days behind received_at",
    ),
    (
        ("b8", "feature_used", None, None, None, "[1]", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"),
        "properties is no JSON object",
    ),
    (
        ("b9", "feature_used", None, None, None, None, "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"),
        "properties is no JSON object",
    ),
    (
        ("b10", "feature_used", None, None, None, "null", "2026-11-20 10:00:00+00", "2026-11-20 10:00:00+00"),
        "properties is no JSON object",
    ),
    (("b11", "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", None), "received_at is null"),
    (("b12", "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", "infinity"), "received_at is infinite"),
    (("b13", "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", "-infinity"), "received_at is infinite"),
    (
        ("b14", "feature_used", None, None, None, "{}", "2026-11-20 10:00:00+00", "1970-01-01 00:00:00+00"),
        "received_at is before 2000-01-01",
    ),
)

# Received at the run's instant (2026-11-22 02:00) and later: they wait.
WAITING_EVENTS: tuple[Event, ...] = (
    ("w1", "feature_used", None, None, None, "{}", "2026-11-22 02:00:00+00", "2026-11-22 02:00:00+00"),
    ("w2", "feature_used", None, None, None, "{}", "2026-11-23 02:00:00+00", "2026-11-23 02:00:00+00"),
)

# Received so late that it must be the server's clock: set aside until the day has come.
EARLY = "2026-11-25 02:00:00+00"
EARLY_EVENT: Event = ("early", "feature_used", None, None, None, "{}", EARLY, EARLY)
EARLY_REASON = "received_at is more than 1 day ahead of now"


def statements(types: dict[str, str]) -> list[str]:
    """SQL that makes the database, a statement each."""
    tables = [text.strip() for text in _TABLES.format(**types).split(";")]
    events = [*GOOD_EVENTS, *(event for event, _ in BAD_EVENTS), *WAITING_EVENTS, EARLY_EVENT]
    return [*tables, _ACCOUNTS, _AGENTS, insert_events(events)]


def insert_events(events: Iterable[Event]) -> str:
    rows = ", ".join(
        "(" + ", ".join(_literal(value) for value in (e[0], e[1], "a1", *e[2:], "203.0.113.9")) + ")" for e in events
    )
    return f"insert into events values {rows}"


def _literal(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def reader_role(dsn: str) -> str:
    """DSN of a role of its own that has what docs/sql/least_privileges.sql grants, and nothing else."""
    database = urlsplit(dsn).path.strip("/")
    role = f"reader_of_{database}"
    text = LEAST_PRIVILEGES.read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    named = code.replace("netvexa_reader", role).replace("app_database", database)
    execute(dsn, [statement for statement in named.split(";") if statement.strip()])
    return dsn.replace("netvexa@", f"{role}@")


def drop_reader_role(dsn: str) -> None:
    """Take away what `reader_role` made: roles outlive their database."""
    role = f"reader_of_{urlsplit(dsn).path.strip('/')}"
    execute(dsn, [f"drop owned by {role}", f"drop role {role}"])


def execute(dsn: str, sql: Sequence[str]) -> None:
    """Run statements in PostgreSQL, each committed by itself."""
    with dbapi.connect(dsn, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in sql:
            cursor.execute(statement)
