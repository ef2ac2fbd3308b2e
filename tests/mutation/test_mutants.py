"""No mart can be wrong in any of these ways and be published, and what says so judges as a night does.

Belongs here: claims about the whole hunt. Does not: mutants and guards. `python -m tests.mutation` tells more.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.run import check_marts
from tests.mutation.company import company
from tests.mutation.hunt import ORACLE, Result, hunt_all
from tests.mutation.mutants import mutants_of
from tests.mutation.night import Night, NightlyProject
from tests.mutation.report import survivors

# Mutants that a night publishes and only the comparison with the oracle stops, when the code changes. It only shrinks.
PUBLISHED: set[str] = set()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> NightlyProject:
    return NightlyProject.compile(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def result(project: NightlyProject, tmp_path_factory: pytest.TempPathFactory) -> Result:
    lake = tmp_path_factory.mktemp("mutation") / "lake"
    return hunt_all(project, lake, lambda *_: None, hears_all=False)


@pytest.fixture(scope="module")
def night(project: NightlyProject, tmp_path_factory: pytest.TempPathFactory) -> Night:
    lake = tmp_path_factory.mktemp("night") / "lake"
    Night.land(company(), lake)
    return Night(project, company(), lake)


def test_mutants__none_survives(result: Result) -> None:
    assert not list(survivors(result.outcomes, "survives"))


def test_mutants__a_night_publishes_none(result: Result) -> None:
    found = {outcome.mutant.name for outcome in result.outcomes if outcome.verdict == ORACLE}
    assert found == PUBLISHED, "\n".join(survivors(result.outcomes, ORACLE))


def test_mutants__are_of_every_mart_and_change_it(result: Result, project: NightlyProject) -> None:
    made = {n["name"] for n in project.nodes.values() if n["schema"] == "marts" and n["resource_type"] == "model"}
    assert {outcome.mutant.mart for outcome in result.outcomes} == made
    assert not [outcome.mutant.name for outcome in result.outcomes if outcome.verdict == "none"]


def test_company__gives_no_guard_a_reason_to_stop_the_night(result: Result) -> None:
    assert not [str(alarm) for alarm in result.noise if alarm.blocks]


def test_night__built_again_is_what_it_was(night: Night) -> None:
    assert night.built_again() == set()


def test_gate__is_judged_as_great_expectations_judges_it(night: Night, tmp_path: Path) -> None:
    """Last in this file: it breaks the night for good, because a file cannot be written inside its transaction."""
    mutants = {mutant.name: mutant for mutant in mutants_of(night)}
    broken = ("mrr_daily: drop a row", "kpi_daily: drop a row", "dim_plans: double a row")
    for name in broken:
        variants = mutants[name].variants
        night.after(mutants[name].unique_id, variants[len(variants) // 2].query, hears_all=True)
    expected = {alarm.name for alarm in night.refused({s.unique_id for s in night.project.compiled.statements})}
    assert expected
    warehouse = tmp_path / "warehouse.duckdb"
    night.connection.execute(f"attach '{warehouse}' as file")
    night.connection.execute(f'copy from database "{night.project.compiled.database}" to file')
    night.connection.execute("detach file")
    report = check_marts(warehouse, tmp_path / "docs", night.as_of, night.audited)
    assert {f"{r.spec.asset[1]}: {r.spec.name}" for r in report.results if not r.passed} == expected
