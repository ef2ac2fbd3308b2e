"""The embedded sample company: built once into a folder, then opened as if it were someone's real sources.

The only place that decides which company the demo shows, under which keys. Populating a PostgreSQL is here too.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ingestion.simulator.clock import first_of_month, local_date, months_between
from ingestion.simulator.emit_app import write_app_duckdb, write_app_postgres
from ingestion.simulator.emit_files import write_files
from ingestion.simulator.emit_stripe import StripeState, stripe_state
from ingestion.simulator.stripe_server import Faults, SandboxStripe
from ingestion.simulator.world import FEWEST_MONTHS, MONTHS_OF_HISTORY, build_world

# Raised whenever the same seed and day would give other sources than before.
SIMULATOR_VERSION = 3
_MARKER = "sample.json"
_STRIPE_FILE = "stripe.json.gz"


@dataclass(frozen=True)
class SampleCompany:
    """The sources of the sample company, ready to be read."""

    folder: Path
    # Neither guards anything: they open a server on the loopback and tokens of people who never lived.
    stripe_api_key: str = "rk_live_sample_company"
    pseudonym_key: str = "sample:no-secret-the-company-never-existed"

    @property
    def app_dsn(self) -> str:
        """DSN of the app database, `duckdb:///` and an absolute path."""
        return f"duckdb:///{(self.folder / 'app.duckdb').resolve().as_posix()}"

    @property
    def spend_dir(self) -> Path:
        """Folder of spend CSV files."""
        return self.folder / "spend"

    @property
    def rates_dir(self) -> Path:
        """Folder of ECB rate files."""
        return self.folder / "rates"

    def stripe(self, *, port: int = 0, faults: Faults | None = None) -> SandboxStripe:
        """The company's Stripe, to be used in a `with` block."""
        state = StripeState.load(self.folder / _STRIPE_FILE)
        return SandboxStripe(state, self.stripe_api_key, port=port, faults=faults)


def prepare_sample(
    folder: Path, as_of: datetime, seed: int = 7, progress: Callable[[str], None] | None = None
) -> SampleCompany:
    """The sample company up to the last complete local day before `as_of`, built unless `folder` holds it already.

    A folder keeps its company: built again for another day, it is the same company, older or younger, so that nightly
    runs on a lake of yesterday's see one history. The marker is complete only when everything else is written.
    """
    day = local_date(as_of)
    company = SampleCompany(folder)
    marker = folder / _MARKER
    known = json.loads(marker.read_text(encoding="utf-8")) if marker.is_file() else {}
    founded = first_of_month(day, -MONTHS_OF_HISTORY)
    if known.get("seed") == seed and known.get("version") == SIMULATOR_VERSION:
        founded = min(date.fromisoformat(known["founded"]), first_of_month(day, -FEWEST_MONTHS))
    wanted = {"founded": founded.isoformat(), "local_date": day.isoformat(), "seed": seed, "version": SIMULATOR_VERSION}
    if known == wanted | {"complete": True}:
        return company
    tell = progress or (lambda _: None)
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(wanted | {"complete": False}), encoding="utf-8")
    for part in (company.spend_dir, company.rates_dir):
        shutil.rmtree(part, ignore_errors=True)
    tell("Imagining a company: customers, conversations, bills")
    world = build_world(as_of, seed, months_between(founded, day))
    tell(f"Writing its app database: {world.events.num_rows:,} events of {len(world.accounts):,} accounts")
    write_app_duckdb(world, folder / "app.duckdb")
    tell("Writing its spend, rates and Stripe account")
    write_files(world, company.spend_dir, company.rates_dir)
    stripe_state(world).save(folder / _STRIPE_FILE)
    marker.write_text(json.dumps(wanted | {"complete": True}), encoding="utf-8")
    return company


def populate_postgres(dsn: str, as_of: datetime, seed: int = 7) -> None:
    """Fill a PostgreSQL database with the app tables of the same company; existing tables of those names go."""
    write_app_postgres(build_world(as_of, seed), dsn)
