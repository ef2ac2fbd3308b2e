"""An app database with as many events as asked for, made by the server itself.

Belongs here: tables as the app has them, and rows that look like a year of a real log. Does not: reading them
(measured_load), or what a simulated company means (ingestion.simulator).

A conversation is eleven events: a start, messages, a rating, a lead, an end. Beside them features are used. Every value
follows from the row's number, so that a plant of one size is the same everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime

LAST_INSTANT = datetime(2026, 11, 22, 2, tzinfo=UTC)
HISTORY_DAYS = 365
ACCOUNTS = 2_000

_TABLES = (
    """create table accounts (id uuid, created_at timestamptz, email text, company_name text, phone text, country text,
    utm_source text, utm_medium text, utm_campaign text, referrer text, stripe_customer_id text,
    deleted_at timestamptz)""",
    "create table agents (id uuid, account_id uuid, name text, created_at timestamptz, deleted_at timestamptz)",
    """create table events (id uuid, event_type text, account_id uuid, agent_id uuid, conversation_id uuid,
    visitor_id text, properties jsonb, ip text, occurred_at timestamptz, received_at timestamptz)""",
)

_SOLD = f"""
insert into accounts
select md5('account' || n)::uuid, {{first}} - interval '1 day', 'person' || n || '@example.org', 'Company ' || n,
  '+49 30 ' || 1000000 + n, 'DE', 'google', 'cpc', 'spring', 'https://www.google.com/search', 'cus_' || n, null
from generate_series(0, {ACCOUNTS - 1}) as n"""

_BUILT = f"""
insert into agents
select md5('agent' || n)::uuid, md5('account' || n)::uuid, 'Agent of company ' || n, {{first}} - interval '1 day', null
from generate_series(0, {ACCOUNTS - 1}) as n"""

_HAPPENED = f"""
insert into events
select
  md5('event' || n)::uuid,
  case
    when n % 50 = 49 then 'feature_used'
    when n % 11 = 0 then 'conversation_started'
    when n % 11 = 8 then 'response_rated'
    when n % 11 = 9 then 'lead_captured'
    when n % 11 = 10 then 'conversation_ended'
    else 'message_sent'
  end,
  md5('account' || (n / 11) % {ACCOUNTS})::uuid,
  case when n % 50 <> 49 then md5('agent' || (n / 11) % {ACCOUNTS})::uuid end,
  case when n % 50 <> 49 then md5('conversation' || n / 11)::uuid end,
  case when n % 50 <> 49 then 'v-' || left(md5('visitor' || n / 14), 20) end,
  case
    when n % 50 = 49 then jsonb_build_object('feature', (array['lead_export', 'handover', 'analytics'])[1 + n % 3])
    when n % 11 = 0 then jsonb_build_object('is_test', n % 40 = 0, 'channel', (array['widget', 'whatsapp'])[1 + n % 2])
    when n % 11 = 8 then jsonb_build_object('is_accurate', n % 5 <> 0)
    when n % 11 = 9 then jsonb_build_object('email', 'lead' || n || '@example.org', 'name', 'Lead ' || n)
    when n % 11 = 10 then jsonb_build_object('reason', 'closed by visitor')
    else jsonb_build_object(
      'sender', (array['visitor', 'agent'])[1 + n % 2],
      'text', 'What does the large package cost, and do you deliver to Vienna? ' || n)
  end,
  '198.51.100.' || n % 250,
  {{first}} + n * {{step}} - (n % 900) * interval '1 millisecond',
  {{first}} + n * {{step}}
from generate_series(cast(0 as bigint), {{events}} - 1) as n"""


def statements(events: int) -> list[str]:
    """SQL that makes the database, a statement each: `events` rows spread evenly over the days before LAST_INSTANT."""
    first = f"timestamptz '{LAST_INSTANT.isoformat()}' - interval '{HISTORY_DAYS} days'"
    step = f"(interval '{HISTORY_DAYS} days' / {events}.0)"
    filled = (text.format(first=f"({first})", step=step, events=events) for text in (_SOLD, _BUILT, _HAPPENED))
    index = "create index events_received_at on events (received_at)"
    return [*_TABLES, *filled, index, "vacuum analyze events"]
