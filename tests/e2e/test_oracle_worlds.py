"""The warehouse's SQL against the oracle: the same worlds, every mart, every cell.

Belongs here: that they agree. Does not: what is right where they do not (METRICS.md says; tests/unit/oracle keeps it).
`python -m tests.oracle --help` runs as many other worlds as one likes.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.oracle.agreement import KINDS, assert_agreement, try_worlds
from tests.oracle.cases import CASES
from tests.oracle.compare import KEYS
from tests.oracle.inputs import Inputs
from tests.oracle.prepared import PreparedWarehouse
from tests.oracle.public_mistakes import MISTAKES
from tests.oracle.warehouse import CompiledProject, Warehouse, compile_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> CompiledProject:
    return compile_project(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="session")
def warehouse(project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Reads worlds out of a lake of files, as a night does."""
    return Warehouse(project, tmp_path_factory.mktemp("worlds"), KEYS)


def test_project__has_every_mart_of_the_contract(project: CompiledProject) -> None:
    assert set(KEYS) <= set(project.marts)


@pytest.mark.parametrize("case", [*CASES, *MISTAKES], ids=lambda case: case.__name__)
def test_warehouse__agrees_with_the_oracle_where_they_once_differed_or_others_are_wrong(
    case: Callable[[], Inputs], warehouse: Warehouse
) -> None:
    world = case()
    assert_agreement(warehouse.marts_of(world), world)


def test_warehouse__reads_whole_companies_out_of_a_lake_as_the_oracle_does(warehouse: Warehouse) -> None:
    try_worlds(KINDS["whole"], warehouse.marts_of, 10)


@pytest.mark.parametrize(("kind", "worlds"), [("product", 80), ("finance", 120), ("whole", 60)])
def test_warehouse__computes_every_cell_as_the_oracle_does(
    kind: str, worlds: int, project: CompiledProject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    prepared = PreparedWarehouse(project, tmp_path_factory.mktemp("prepared"), KINDS[kind].marts)
    try:
        try_worlds(KINDS[kind], prepared.marts_of, worlds)
    finally:
        prepared.close()
