"""Sources that break off, vanish or change their shape while a night reads them: a clear stop, then undisturbed marts.

What each source does with one fault alone is proved in tests/integration/ingestion; here it is the whole command, and
what is published after it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from adbc_driver_postgresql import dbapi

from ingestion.simulator.emit_stripe import StripeState, stripe_state
from ingestion.simulator.stripe_server import Fault, RequestInfo, SandboxStripe
from ingestion.simulator.world import World
from tests.e2e.sources import STRIPE_KEY, Company, app_in_postgres
from tests.faults.conftest import REPOSITORY, SECOND_NIGHT, STRIPE_ROWS, House, Kill, Result
from tests.faults.cutting_proxy import CuttingProxy
from tests.postgres_server import PostgresServer, running_postgres

SEED = 20
SHARE = 0.2
HEALING = (
    Fault(status=429, retry_after=1),
    Fault(status=500),
    Fault(cut_body_at=200),
    Fault(repeat_page=True),
    Fault(silent=True),
)
# Cuts enough for whatever a run tries.
ALL = 99
# The page in whose middle Stripe vanishes.
LAST_PAGE = 8


@dataclass(frozen=True)
class Sources:
    """The second night's sources, the app in a server of its own, so that it can be stopped."""

    server: PostgresServer
    company: Company
    stripe: StripeState

    def through(self, port: int) -> Mapping[str, str]:
        """Settings that reach the app's server over another port."""
        return {"NETVEXA_APP_DSN": self.company.app_dsn.replace(f":{self.server.port}/", f":{port}/")}

    def execute(self, *statements: str) -> None:
        with dbapi.connect(self.company.app_dsn, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture(scope="module")
def sources(small_world: World, opened_house: House) -> Iterator[Sources]:
    with running_postgres() as server:
        company = opened_house.second.reading(app_in_postgres(small_world, server.dsn, SECOND_NIGHT))
        yield Sources(server, company, stripe_state(small_world, SECOND_NIGHT))


@pytest.fixture(scope="module")
def half(sources: Sources, opened_house: House) -> int:
    """Half of what the app's database answers in a night, in bytes: in the middle of its events."""
    opened_house.restore()
    with CuttingProxy(sources.server.port).listening() as proxy:
        outcome = opened_house.run(changes=sources.through(proxy.port), kill=Kill("phase", "Gate 1"))
    assert outcome.stderr == "", outcome
    return proxy.most_answered // 2


Breaking = Callable[[Sources, int], AbstractContextManager[Mapping[str, str]]]


@contextmanager
def server_is_down(sources: Sources, half: int) -> Iterator[Mapping[str, str]]:
    sources.server.stop()
    try:
        yield sources.through(sources.server.port)
    finally:
        sources.server.start()


@contextmanager
def server_goes_down_while_read(sources: Sources, half: int) -> Iterator[Mapping[str, str]]:
    stop = partial(sources.server.stop, "immediate")
    with CuttingProxy(sources.server.port, half, before_cut=stop).listening() as proxy:
        yield sources.through(proxy.port)
    assert proxy.cuts_made == 1
    sources.server.start()


@contextmanager
def connection_is_cut_each_time(sources: Sources, half: int) -> Iterator[Mapping[str, str]]:
    with CuttingProxy(sources.server.port, half, cuts=ALL).listening() as proxy:
        yield sources.through(proxy.port)
    assert proxy.cuts_made > 1


@contextmanager
def column_is_dropped(sources: Sources, half: int) -> Iterator[Mapping[str, str]]:
    sources.execute("create table kept as table agents", "alter table agents drop column deleted_at")
    yield sources.through(sources.server.port)
    sources.execute("drop table agents", "alter table kept rename to agents")


@contextmanager
def column_is_retyped(sources: Sources, half: int) -> Iterator[Mapping[str, str]]:
    retype = "alter table events alter column received_at type {0} using cast(received_at as {0})"
    sources.execute(retype.format("text"))
    yield sources.through(sources.server.port)
    sources.execute(retype.format("timestamptz"))


@contextmanager
def stripe_vanishes_within_a_page(sources: Sources, half: int) -> Iterator[Mapping[str, str]]:
    def vanish(request: RequestInfo) -> Fault | None:
        if request.number < LAST_PAGE:
            return None
        stripe.__exit__(None, None, None)
        return Fault(cut_body_at=500)

    with SandboxStripe(sources.stripe, STRIPE_KEY, faults=vanish) as stripe:
        yield {**sources.through(sources.server.port), "STRIPE_API_BASE": stripe.base_url}
    assert stripe.requests_answered == LAST_PAGE


@contextmanager
def clocks_differ(sources: Sources, hours: float) -> Iterator[Mapping[str, str]]:
    """Stripe's clock against this machine's: what tells of a wrong clock is how far it is from another."""
    clock = partial(away_from_now, hours)
    with SandboxStripe(sources.stripe, STRIPE_KEY, clock=clock) as stripe:
        yield {**sources.through(sources.server.port), "STRIPE_API_BASE": stripe.base_url}


def away_from_now(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def clock_is_a_day_ahead(sources: Sources, half: int) -> AbstractContextManager[Mapping[str, str]]:
    return clocks_differ(sources, -24)


def clock_is_a_day_behind(sources: Sources, half: int) -> AbstractContextManager[Mapping[str, str]]:
    return clocks_differ(sources, 24)


BREAKING: tuple[tuple[Breaking, tuple[str, ...]], ...] = (
    (server_is_down, ("PostgreSQL 127.0.0.1", "NETVEXA_APP_DSN", "given up after 3 attempts")),
    (server_goes_down_while_read, ("PostgreSQL 127.0.0.1", "NETVEXA_APP_DSN", "given up after 3 attempts")),
    (connection_is_cut_each_time, ("PostgreSQL 127.0.0.1", "NETVEXA_APP_DSN", "given up after 3 attempts")),
    (column_is_dropped, ("column agents.deleted_at is missing", "contract.py")),
    (column_is_retyped, ("column events.received_at is text, not timestamp with time zone", "contract.py")),
    (stripe_vanishes_within_a_page, ("Stripe GET /v1/", "STRIPE_API_BASE", "given up after 3 attempts")),
    (clock_is_a_day_ahead, ("this machine's clock says", "too late", "NTP")),
    (clock_is_a_day_behind, ("this machine's clock says", "too early", "NTP")),
)


@dataclass
class Trouble:
    """Every fifth answer of Stripe goes wrong, by a seed, in each way in turn; `made` counts them."""

    made: Counter[Fault] = field(default_factory=Counter)

    def __call__(self, request: RequestInfo) -> Fault | None:
        if random.Random(f"{SEED} {request.number}").random() >= SHARE:
            return None
        fault = HEALING[self.made.total() % len(HEALING)]
        self.made[fault] += 1
        return fault


def start_a_second_run(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`netvexa nightly` as a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", "nightly"],
        env={**os.environ, **environment, "PYTHONPATH": str(REPOSITORY)},
        cwd=environment["NETVEXA_SPEND_DIR"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_nightly__stopped_by_one_source_after_another_heals_to_the_undisturbed_marts(
    house: House, refused: Callable[..., str], undisturbed: Result, sources: Sources, half: int
) -> None:
    for breaking, told in BREAKING:
        with breaking(sources, half) as changes:
            line = refused(1, changes=changes)
        assert [words for words in told if words not in line] == [], (breaking.__name__, line)

    # Clocks minutes apart, a new column, a cut, a fifth of Stripe's answers and another run at once stop nothing.
    sources.execute("alter table accounts add column mobile text default '+49 30 1234567'")
    seconds: list[subprocess.CompletedProcess[str]] = []

    def another_run() -> None:
        seconds.append(start_a_second_run(house.environment))

    trouble = Trouble()
    with (
        SandboxStripe(sources.stripe, STRIPE_KEY, faults=trouble, clock=partial(away_from_now, 0.2)) as stripe,
        CuttingProxy(sources.server.port, half, before_cut=another_run).listening() as proxy,
    ):
        company = replace(sources.company, stripe_api_base=stripe.base_url)
        changes = company.environment(house.layout.root, SECOND_NIGHT) | sources.through(proxy.port)
        # Whole lists, for there are not many pages in what changed.
        outcome = house.run("backfill --source stripe", changes=changes)
    assert outcome.code == 0, outcome
    assert (proxy.cuts_made, set(trouble.made)) == (1, set(HEALING))
    assert "accounts.mobile: nothing of it lands" in outcome.stdout
    assert [(second.returncode, second.stdout) for second in seconds] == [(3, "")]
    assert "run.lock is held by netvexa backfill --source stripe (pid " in seconds[0].stderr
    # Whole lists have more rows than changes, and nothing else in them.
    found = house.result().differs_from(undisturbed)
    assert [line for line in found if not line.startswith(STRIPE_ROWS)] == []
