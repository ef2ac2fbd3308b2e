"""Whether oracle and warehouse agree on worlds by chance, and the smallest world on which they do not.

Belongs here: the one way worlds are drawn and compared, for the tests and for long runs by hand. Does not: the worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.oracle.compare import KEYS, differences
from tests.oracle.inputs import Inputs, Row
from tests.oracle.marts import compute_marts
from tests.oracle.worlds import finance_worlds, product_worlds, whole_worlds

# What is told of a world that differs; the first differences are nearest to the cause.
TOLD = 20


@dataclass(frozen=True)
class Kind:
    """One sort of worlds, and the marts that follow from what it is about."""

    worlds: Callable[[], SearchStrategy[Inputs]]
    marts: Collection[str]


KINDS = {
    "finance": Kind(
        finance_worlds,
        (
            *("fct_mrr_movements", "fct_mrr_account_months", "mrr_daily", "revenue_monthly", "plan_mix_monthly"),
            *("fct_revenue_lines", "revenue_mix_monthly", "churn_cohorts"),
        ),
    ),
    "product": Kind(
        product_worlds,
        (
            *("fct_conversations", "fct_agent_ttfv", "ttfv_weekly", "fct_agent_days", "weekly_active_agents"),
            *("conversation_quality_daily", "fct_trials", "activation_monthly", "activation_rolling"),
            *("fct_spend_daily", "cac_monthly", "dim_agents"),
        ),
    ),
    "whole": Kind(whole_worlds, tuple(KEYS)),
}


def assert_agreement(marts: dict[str, list[Row]], world: Inputs) -> None:
    """Raises AssertionError with the first differences."""
    found = differences(compute_marts(world), marts, {})
    assert not found, "\n".join(map(str, found[:TOLD]))


def try_worlds(
    kind: Kind,
    marts_of: Callable[[Inputs], dict[str, list[Row]]],
    number: int,
    *,
    seed_of_chance: int | None = None,
    shrinks: bool = True,
) -> None:
    """Compare a number of worlds; without a seed the same ones every time, so that what fails tonight fails tomorrow.

    Raises:
        AssertionError: of the smallest world on which they differ.
    """

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        derandomize=seed_of_chance is None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
    )
    @given(kind.worlds())
    def agrees(world: Inputs) -> None:
        assert_agreement(marts_of(world), world)

    (agrees if seed_of_chance is None else seed(seed_of_chance)(agrees))()
