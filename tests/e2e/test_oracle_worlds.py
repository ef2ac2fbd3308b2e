"""The warehouse's SQL against the oracle: the same worlds, every mart, every cell.

Belongs here: that they agree. Does not: what is right where they do not (METRICS.md says; tests/unit/oracle keeps it).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.cases import CASES
from tests.oracle.compare import KEYS, differences
from tests.oracle.inputs import Inputs
from tests.oracle.marts import compute_marts
from tests.oracle.warehouse import CompiledProject, Warehouse, compile_project
from tests.oracle.worlds import finance_worlds, product_worlds, whole_worlds

MRR_MARTS = ("fct_mrr_movements", "fct_mrr_account_months", "mrr_daily", "revenue_monthly", "plan_mix_monthly")
PRODUCT_MARTS = (
    *("fct_conversations", "fct_agent_ttfv", "ttfv_weekly", "fct_agent_days", "weekly_active_agents"),
    *("conversation_quality_daily", "fct_trials", "activation_monthly", "activation_rolling"),
    *("fct_spend_daily", "cac_monthly", "dim_agents"),
)
# The same worlds every time: a test that fails tonight fails again tomorrow.
some_worlds = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

BuildWarehouse = Callable[[Collection[str]], Warehouse]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> CompiledProject:
    return compile_project(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="session")
def warehouse_of(project: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> BuildWarehouse:
    def build(marts: Collection[str]) -> Warehouse:
        scratch: Path = tmp_path_factory.mktemp("worlds")
        return Warehouse(project, scratch, marts)

    return build


def assert_agreement(warehouse: Warehouse, world: Inputs) -> None:
    found = differences(compute_marts(world), warehouse.marts_of(world), {})
    assert not found, "\n".join(map(str, found[:20]))


def test_project__has_every_mart_of_the_contract(project: CompiledProject) -> None:
    assert set(KEYS) <= set(project.marts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_warehouse__agrees_with_the_oracle_where_they_once_differed(
    case: Callable[[], Inputs], warehouse_of: BuildWarehouse
) -> None:
    assert_agreement(warehouse_of(KEYS), case())


def test_warehouse__reads_conversations_trials_and_spend_as_the_oracle_does(warehouse_of: BuildWarehouse) -> None:
    warehouse = warehouse_of(PRODUCT_MARTS)

    @settings(some_worlds, max_examples=15)
    @given(product_worlds())
    def agrees(world: Inputs) -> None:
        assert_agreement(warehouse, world)

    agrees()


def test_warehouse__reads_recurring_revenue_as_the_oracle_does(warehouse_of: BuildWarehouse) -> None:
    warehouse = warehouse_of(MRR_MARTS)

    @settings(some_worlds, max_examples=25)
    @given(finance_worlds())
    def agrees(world: Inputs) -> None:
        assert_agreement(warehouse, world)

    agrees()


def test_warehouse__reads_whole_companies_as_the_oracle_does(warehouse_of: BuildWarehouse) -> None:
    warehouse = warehouse_of(KEYS)

    @settings(some_worlds, max_examples=10)
    @given(whole_worlds())
    def agrees(world: Inputs) -> None:
        assert_agreement(warehouse, world)

    agrees()
