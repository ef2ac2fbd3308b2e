"""A simulated company in real sources: an app database, a Stripe over HTTP, folders of CSV files, as settings.

Belongs here: putting a world where a nightly run reads it, as it stood at an instant. Does not: running anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from adbc_driver_postgresql import dbapi

from ingestion.simulator.emit import stripe_state, write_app_duckdb, write_app_postgres, write_files
from ingestion.simulator.stripe_server import SandboxStripe
from ingestion.simulator.world import World
from orchestration.settings import Settings

STRIPE_KEY = "rk_live_end_to_end"
PSEUDONYM_KEY = "e2e:a secret of the tests alone"


@dataclass(frozen=True)
class Company:
    """Where a company's sources are; `environment` is what a process is told of them."""

    app_dsn: str
    stripe_api_base: str
    folder: Path

    @property
    def spend(self) -> Path:
        return self.folder / "spend"

    @property
    def rates(self) -> Path:
        return self.folder / "rates"

    def environment(self, data_dir: Path, as_of: datetime) -> dict[str, str]:
        return {
            "NETVEXA_DATA_DIR": str(data_dir),
            "NETVEXA_APP_DSN": self.app_dsn,
            "STRIPE_API_KEY": STRIPE_KEY,
            "STRIPE_API_BASE": self.stripe_api_base,
            "NETVEXA_SPEND_DIR": str(self.spend),
            "NETVEXA_RATES_DIR": str(self.rates),
            "NETVEXA_PSEUDONYM_KEY": PSEUDONYM_KEY,
            "NETVEXA_AS_OF": as_of.isoformat(),
        }

    def settings(self, data_dir: Path, as_of: datetime) -> Settings:
        return Settings(_env_file=None, **self.environment(data_dir, as_of))

    def reading(self, app_dsn: str) -> Company:
        """The same company with its app's tables in another database."""
        return replace(self, app_dsn=app_dsn)


@contextmanager
def company_in_duckdb(world: World, folder: Path, as_of: datetime | None = None) -> Iterator[Company]:
    """The company as it stood at `as_of`, its app's tables in a DuckDB file; Stripe answers while the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    write_app_duckdb(world, folder / "app.duckdb", as_of)
    write_files(world, folder / "spend", folder / "rates", as_of)
    with SandboxStripe(stripe_state(world, as_of), STRIPE_KEY) as stripe:
        yield Company(f"duckdb:///{folder / 'app.duckdb'}", stripe.base_url, folder)


def new_database(server_dsn: str) -> str:
    """The DSN of a fresh, empty database on the server."""
    name = f"e2e_{uuid4().hex[:12]}"
    with dbapi.connect(server_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    return f"{server_dsn.rpartition('/')[0]}/{name}"


def app_in_postgres(world: World, server_dsn: str, as_of: datetime | None = None) -> str:
    """The DSN of a fresh database that holds the company's app tables as they stood at `as_of`."""
    dsn = new_database(server_dsn)
    write_app_postgres(world, dsn, as_of)
    return dsn
