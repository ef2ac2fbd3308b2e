"""Gate 2: every mart with its contract, in the order in which reports list them.

Belongs here: the order. Does not belong here: the contracts, which stand by domain (product_marts, finance_marts,
acquisition_marts, core_marts). No mart goes without one: test_lineage compares this list with dbt's models.
"""

from __future__ import annotations

from expectations.acquisition_marts import acquisition_marts
from expectations.core_marts import core_marts
from expectations.finance_marts import finance_marts, revenue_marts
from expectations.mart_contract import Mart
from expectations.product_marts import product_marts

MART_CONTRACTS: tuple[Mart, ...] = (
    *product_marts(),
    *finance_marts(),
    *revenue_marts(),
    *acquisition_marts(),
    *core_marts(),
)
