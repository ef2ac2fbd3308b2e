"""The app's database as it stood at an instant: one set of Arrow tables, written to DuckDB or to PostgreSQL.

Both hold the same tables, columns and rows, personal data included; the border is tested against them. Nothing is
decided here.
"""

from datetime import datetime
from pathlib import Path

import pyarrow as pa

from ingestion.simulator import app_events
from ingestion.simulator.accounts import Account
from ingestion.simulator.app_events import EVENT_COLUMNS, INSTANT
from ingestion.simulator.clock import unix
from ingestion.simulator.conversations import SECOND
from ingestion.simulator.randomness import uuid_of
from ingestion.simulator.world import World

ACCOUNT_TYPES = {
    "id": "uuid",
    "created_at": "timestamptz",
    "email": "text",
    "company_name": "text",
    "phone": "text",
    "country": "text",
    "utm_source": "text",
    "utm_medium": "text",
    "utm_campaign": "text",
    "referrer": "text",
    "stripe_customer_id": "text",
    "deleted_at": "timestamptz",
}
AGENT_TYPES = {
    "id": "uuid",
    "account_id": "uuid",
    "name": "text",
    "created_at": "timestamptz",
    "deleted_at": "timestamptz",
}
EVENT_TYPES = {
    "id": "uuid",
    "event_type": "text",
    "account_id": "uuid",
    "agent_id": "uuid",
    "conversation_id": "uuid",
    "visitor_id": "text",
    "properties": "jsonb",
    "ip": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
}
TABLES = {"accounts": ACCOUNT_TYPES, "agents": AGENT_TYPES, "events": EVENT_TYPES}

# Left over from an old import: an account nobody knows the birth of, an agent that belongs to nobody.
ODD_ACCOUNT = dict.fromkeys(ACCOUNT_TYPES) | {"id": uuid_of("odd account"), "country": "DE"}
ODD_AGENT = dict.fromkeys(AGENT_TYPES) | {"id": uuid_of("odd agent"), "created_at": "2024-05-05 10:00:00+00"}


def write_app_duckdb(world: World, path: Path, as_of: datetime | None = None) -> None:
    """Write the app's tables into a new DuckDB file (schema `main`), replacing one that is there."""
    import duckdb

    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set enable_progress_bar = false")
        for name, batches in app_tables(world, as_of).items():
            types = {column: "json" if kind == "jsonb" else kind for column, kind in TABLES[name].items()}
            columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
            connection.execute(f"create table {name} ({columns})")
            for batch in batches:
                connection.register("incoming", batch)
                casts = ", ".join(f"cast({column} as {kind})" for column, kind in types.items())
                connection.execute(f"insert into {name} select {casts} from incoming")
                connection.unregister("incoming")


def write_app_postgres(world: World, dsn: str, as_of: datetime | None = None) -> None:
    """Create the app's tables in schema `public` of a PostgreSQL database, replacing those that are there."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(dsn) as connection, connection.cursor() as cursor:
        for name, batches in app_tables(world, as_of).items():
            columns = ", ".join(f"{column} {kind}" for column, kind in TABLES[name].items())
            cursor.execute(f"drop table if exists public.{name}")
            cursor.execute(f"create table public.{name} ({columns})")
            for batch in batches:
                # COPY takes text; the table's own types are put on inside the server.
                cursor.adbc_ingest("simulated_rows", batch, mode="create", temporary=True)
                casts = ", ".join(f"cast({column} as {kind})" for column, kind in TABLES[name].items())
                cursor.execute(f"insert into public.{name} select {casts} from simulated_rows")
                cursor.execute("drop table simulated_rows")
        cursor.execute("create index events_received_at on public.events (received_at)")
        connection.commit()


def app_tables(world: World, as_of: datetime | None = None) -> dict[str, list[pa.Table]]:
    """Every app table as it stood at `as_of` (the world's end by default), in parts that share a table's columns."""
    bound = unix(world.end) if as_of is None else min(unix(as_of), unix(world.end))
    odd = [row.cells for row in world.odd_events if row.due + 2 < bound]
    odd_table = pa.table({name: pa.array([cells[name] for cells in odd], pa.string()) for name in EVENT_COLUMNS})
    return {
        "accounts": [_accounts(world.accounts, bound), pa.Table.from_pylist([ODD_ACCOUNT])],
        "agents": [_agents(world, bound), pa.Table.from_pylist([ODD_AGENT])],
        "events": [app_events.before(world.events, bound), odd_table],
    }


def _accounts(accounts: list[Account], bound: int) -> pa.Table:
    known = [account for account in accounts if account.created_at < bound and account.in_app]
    customers = [
        account.stripe_customer_id if (account.stripe_customer_at or bound) < bound else None for account in known
    ]
    return pa.table(
        {
            "id": _texts([account.id for account in known]),
            "created_at": _instants([account.created_at for account in known]),
            "email": _texts([account.email for account in known]),
            "company_name": _texts([account.company_name for account in known]),
            "phone": _texts([account.phone for account in known]),
            "country": _texts([account.country for account in known]),
            "utm_source": _texts([account.touch[0] for account in known]),
            "utm_medium": _texts([account.touch[1] for account in known]),
            "utm_campaign": _texts([account.touch[2] for account in known]),
            "referrer": _texts([account.touch[3] for account in known]),
            "stripe_customer_id": _texts(customers),
            "deleted_at": _instants([_past(account.deleted_at, bound) for account in known]),
        }
    )


def _agents(world: World, bound: int) -> pa.Table:
    known = [agent for agent in world.agents if agent.created_at < bound]
    return pa.table(
        {
            "id": _texts([agent.id for agent in known]),
            "account_id": _texts([agent.account.id for agent in known]),
            "name": _texts([f"Agent of {agent.account.company_name}" for agent in known]),
            "created_at": _instants([agent.created_at for agent in known]),
            "deleted_at": _instants([_past(agent.deleted_at, bound) for agent in known]),
        }
    )


def _past(moment: int | None, bound: int) -> int | None:
    return moment if moment is not None and moment < bound else None


def _texts(values: list[str | None] | list[str]) -> pa.Array:
    return pa.array(values, pa.string())


def _instants(values: list[int | None] | list[int]) -> pa.Array:
    return pa.array([None if value is None else value * SECOND for value in values], pa.int64()).cast(INSTANT)
