"""What the end-to-end tests share: one company, and one published version of it from each kind of app database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingestion.simulator.world import World, build_world
from orchestration.lib.paths import DataLayout
from orchestration.settings import Settings
from serving.version import Version
from tests.e2e.exact import Rates
from tests.e2e.sources import PSEUDONYM_KEY, Company, app_in_postgres, company_in_duckdb
from tests.e2e.steps import nightly
from tests.e2e.truth.company import CompanyTruth
from tests.e2e.truth.recurring import MrrTruth

AS_OF = datetime(2026, 11, 22, 12, tzinfo=UTC)
AS_OF_DATE = date(2026, 11, 21)


@dataclass(frozen=True)
class Night:
    """A night that was run: on which company, with which settings, and what it published."""

    company: Company
    settings: Settings
    version: Version

    @property
    def layout(self) -> DataLayout:
        return DataLayout(self.settings.data_dir)


@pytest.fixture(scope="session")
def world() -> World:
    """The sample company: twenty months up to 21 November 2026."""
    return build_world(AS_OF)


@pytest.fixture(scope="session")
def company(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Its sources, with the app's tables in a DuckDB file."""
    with company_in_duckdb(world, tmp_path_factory.mktemp("company")) as company:
        yield company


@pytest.fixture(scope="session")
def postgres_night(
    world: World, company: Company, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Night:
    """The whole night on PostgreSQL, Stripe over HTTP and CSV files."""
    in_postgres = company.reading(app_in_postgres(world, postgres_dsn))
    return run_night(in_postgres, tmp_path_factory.mktemp("postgres_night"), tested=False)


@pytest.fixture(scope="session")
def embedded_night(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The whole night on the embedded app database."""
    return run_night(company, tmp_path_factory.mktemp("embedded_night"))


@pytest.fixture(scope="session")
def truth(world: World, company: Company) -> CompanyTruth:
    """What is true of the company, in the shape of every mart."""
    rates = Rates.of(company.rates)
    return CompanyTruth(world, rates, MrrTruth(world.ledger, rates, world.end).recurring(), PSEUDONYM_KEY)


def run_night(company: Company, data_dir: Path, *, tested: bool = True) -> Night:
    settings = company.settings(data_dir, AS_OF)
    return Night(company, settings, nightly(settings, tested=tested))
