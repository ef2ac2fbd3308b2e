"""More than a million events, some bad in every way the source can hold: what landed and what was set aside is all."""

from __future__ import annotations

from collections import Counter
from datetime import date

import duckdb
import psycopg
import pytest

from ingestion.manifest import Manifest
from tests.e2e.sources import new_database
from tests.faults.conftest import SECOND_NIGHT, House, Kill

# Over a hundred days, so that a million of them have settled, and land by themselves, before the look-back begins.
PLANTED = 1_150_000
DAYS = 100
# Few enough: what no day can hold is set aside with the newest, and a fifth of its rows would stop the run.
BAD_EVERY = 1_000
AGAIN_EVERY = 40
REPLAYED = date(2026, 1, 20)
GROWN_LESS_THAN_KIB = 700 << 10

# Column → what it holds instead, in SQL; the reason as the lake names it.
BAD: tuple[tuple[str, str, str], ...] = (
    ("id", "null", "id is null"),
    ("id", "' '", "id is empty"),
    ("id", "repeat('x', 300)", "id is longer than 255 characters"),
    ("event_type", "null", "event_type is null"),
    ("event_type", "'karin.vogel@example.org'", "event_type is unreadable"),
    ("account_id", "null", "account_id is null"),
    ("agent_id", "''", "agent_id is empty"),
    ("conversation_id", "null", "conversation_id is null"),
    ("occurred_at", "null", "occurred_at is null"),
    ("occurred_at", "'-infinity'", "occurred_at is infinite"),
    ("occurred_at", "at + interval '25 hours'", "occurred_at is more than 1 day ahead of received_at"),
    ("occurred_at", "at - interval '367 days'", "occurred_at is more than 366 days behind received_at"),
    ("received_at", "null", "received_at is null"),
    ("received_at", "'infinity'", "received_at is infinite"),
    ("received_at", "'1970-01-01'", "received_at is before 2000-01-01"),
    ("received_at", "'2999-01-01'", "received_at is more than 1 day ahead of now"),
    ("properties", "null", "properties is no JSON object"),
    ("properties", "'[1]'", "properties is no JSON object"),
    ("properties", "'\"text\"'", "properties is no JSON object"),
)

TABLES = """
create table accounts (id text, created_at timestamptz, country text, utm_source text, utm_medium text,
  utm_campaign text, referrer text, stripe_customer_id text, deleted_at timestamptz, email text);
create table agents (id text, account_id text, created_at timestamptz, deleted_at timestamptz, name text);
create table events (id text, event_type text, account_id text, agent_id text, conversation_id text, visitor_id text,
  properties jsonb, occurred_at timestamptz, received_at timestamptz, ip text);
insert into accounts
select 'a' || n, '2025-11-01+00', 'DE', 'google', 'cpc', 'brand', null, null, null, 'karin.vogel@example.org'
from generate_series(0, 99) as n;
insert into agents select 'g' || n, 'a' || n, '2025-11-01+00', null, 'Karin' from generate_series(0, 99) as n;
"""
# Every tenth comes 3 days late by its own clock, every tenth 40.
COLUMNS = {
    "id": "'e' || n",
    "event_type": "(array['conversation_started', 'message_sent', 'message_sent', 'lead_captured'])[1 + n % 4]",
    "account_id": "'a' || n / 4 % 100",
    "agent_id": "'g' || n / 4 % 100",
    "conversation_id": "'c' || n / 4",
    "visitor_id": "'visitor' || n % 9999",
    "properties": """jsonb '{"sender": "visitor", "text": "Karin Vogel", "is_test": false, "channel": "widget"}'""",
    "occurred_at": "at - case n % 10 when 1 then interval '3 days' when 2 then interval '40 days' "
    "else interval '0' end",
    "received_at": "at",
    "ip": "'198.51.100.9'",
}
AGAIN = f"""
insert into events
select id, event_type, account_id, agent_id, conversation_id, visitor_id, properties, occurred_at,
  least(received_at + interval '1 hour', timestamptz '{SECOND_NIGHT.isoformat()}' - interval '1 minute'), ip
from events where id in (select 'e' || n from generate_series(7, {PLANTED - 1}, {AGAIN_EVERY}) as n)
"""


def planting() -> str:
    """The statement that plants the events, the bad ones one way after the other."""
    columns = []
    for column, good in COLUMNS.items():
        bad = " ".join(f"when {kind} then {value}" for kind, (where, value, _) in enumerate(BAD) if where == column)
        columns.append(f"case bad {bad} else {good} end" if bad else good)
    return f"""
        insert into events ({", ".join(COLUMNS)})
        select {", ".join(columns)}
        from (
          select n, case when n % {BAD_EVERY} = 0 then n / {BAD_EVERY} % {len(BAD)} end as bad,
            timestamptz '{SECOND_NIGHT.isoformat()}' - interval '{DAYS} days' * (1 - n / {PLANTED}.0) as at
          from generate_series(0, {PLANTED - 1}) as n
        ) as numbered"""


def planted_by_reason() -> Counter[str]:
    return Counter(BAD[number % len(BAD)][2] for number in range(PLANTED // BAD_EVERY))


@pytest.fixture(scope="module")
def app_dsn(postgres_dsn: str) -> str:
    dsn = new_database(postgres_dsn)
    with psycopg.connect(dsn) as app:
        for statement in (TABLES, planting(), AGAIN, "create index events_received_at on events (received_at)"):
            app.execute(statement)
    return dsn


def test_a_million_events__killed_resumed_and_replayed_are_landed_or_set_aside_exactly(
    house: House, app_dsn: str
) -> None:
    company = house.second.reading(app_dsn)
    changes = company.environment(house.layout.root, SECOND_NIGHT)
    house.empty()

    killed = house.run(changes=changes, kill=Kill("done", "raw_app.events", nth=2))
    assert killed.code == -9, killed
    settled = landed_rows(house)
    assert 1_000_000 < sum(settled.values()) < PLANTED

    # What lands is what is tried here: the run dies where the warehouse would be built.
    landed = Kill("phase", "Warehouse")
    resumed = house.run(changes=changes, kill=landed)
    assert (resumed.code, resumed.stderr) == (-9, ""), resumed
    whole = landed_rows(house)
    assert len(whole) == DAYS + 1
    assert_exact(house, app_dsn)

    replayed = house.run(f"backfill --source app --from {REPLAYED} --to {REPLAYED}", changes=changes, kill=landed)
    assert (replayed.code, replayed.stderr) == (-9, ""), replayed
    assert landed_rows(house) == whole
    assert_exact(house, app_dsn)
    assert max(run.grown_kib for run in (killed, resumed, replayed)) < GROWN_LESS_THAN_KIB


def event_days(house: House) -> list[Manifest]:
    return [manifest for manifest in house.manifests() if (manifest.source, manifest.table) == ("app", "events")]


def landed_rows(house: House) -> dict[str, int]:
    """Of each day of events."""
    return {manifest.partition_value: manifest.landed_rows for manifest in event_days(house)}


def assert_exact(house: House, app_dsn: str) -> None:
    """What landed and what was set aside is what the source holds, each row once; by reason as it was planted."""
    with psycopg.connect(app_dsn) as app:
        held = app.execute("select count(*) from events").fetchone()
    assert held is not None
    planted = planted_by_reason()
    manifests = event_days(house)
    assert sum(manifest.landed_rows + manifest.quarantined_rows for manifest in manifests) == held[0]
    assert sum((Counter(manifest.quarantined_by_reason) for manifest in manifests), Counter()) == planted
    files = str(house.layout.lake / "raw_app" / "events" / "*" / "data.parquet")
    with duckdb.connect() as lake:
        found = lake.execute("select count(*), count(distinct id) from read_parquet(?)", [files]).fetchall()
    assert found == [(held[0] - planted.total(), PLANTED - planted.total())]
