"""The steps of the nightly job in this process, by orchestration's own functions, without Dagster around them.

Belongs here: landing, building, auditing, publishing, in the job's order. Does not: sources, expectations of results.
Dagster's part is proved where the job is started as people start it (tests/faults, tests/integration/orchestration).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import duckdb

from expectations.catalogue import mart_checks
from orchestration.lib.audit import audit_warehouse
from orchestration.lib.dbt_build import ParsedProject, parse_project
from orchestration.lib.landing import Landing, land_sources
from orchestration.lib.progress import Progress
from orchestration.lib.publishing import publish_warehouse
from orchestration.lib.session import RunSession, open_session
from orchestration.lib.warehouse import build
from orchestration.settings import Settings
from serving.version import Version

# The wall clock of these runs: an hour after the instant they take for now, so that nothing is still settling.
LATER = timedelta(hours=1)


class Listener(Progress):
    """Keeps the warnings, and nothing else."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@contextmanager
def session_of(settings: Settings, now: datetime | None = None) -> Iterator[RunSession]:
    """A run of these settings at their own instant, with the lock held; `now`: the machine's clock, if it is later."""
    assert settings.as_of is not None
    told: datetime = (now or settings.as_of) + LATER
    with open_session(settings, lambda: told, Listener(), ["end-to-end tests"]) as session:
        yield session


def land(settings: Settings, now: datetime | None = None) -> Landing:
    """Read all sources into the lake; gate 1 has let everything through."""
    with session_of(settings, now) as session:
        landing = land_sources(session, uuid4().hex)
    assert not landing.report.blocking_failures, [failure.message for failure in landing.report.blocking_failures]
    return landing


def build_and_publish(settings: Settings, *, tested: bool = True) -> Version:
    """From the lake as it is to a published version; every model and check of gate 2 has held, and every data test.

    tested: whether to run the data tests. What is compared with a tested version, byte for byte, needs none.
    """
    with session_of(settings) as session:
        return _publish(session, parse_project(settings), tested=tested)


def nightly(settings: Settings, *, tested: bool = True) -> Version:
    """The whole night: land, build, audit, publish."""
    land(settings)
    return build_and_publish(settings, tested=tested)


def _publish(session: RunSession, project: ParsedProject, *, tested: bool) -> Version:
    run_id = uuid4().hex
    result = build(session, project, tested=tested).result
    assert not result.failures, [f"{failure.name}: {failure.message}" for failure in result.failures]
    expected = {check.asset[1] for check in mart_checks()} & set(project.marts)
    report = audit_warehouse(session, run_id, expected)
    assert not report.blocking_failures, [failure.message for failure in report.blocking_failures]
    return publish_warehouse(session, run_id, project.document)


def hashes(version: Version) -> dict[str, str]:
    """SHA-256 of every published table, by name."""
    return {table.name: table.sha256 for table in version.tables}


def read_rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query on a DuckDB file, instants in UTC."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).fetchall()
