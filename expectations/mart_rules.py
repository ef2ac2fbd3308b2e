"""Gate 2: every mart with a contract, in the order in which reports list them.

Belongs here: the order. Does not belong here: the contracts (product_marts, finance_marts). A mart without one is
published all the same, on the word of dbt's own tests.
"""

from __future__ import annotations

from expectations.finance_marts import finance_marts, headline_mart, revenue_marts
from expectations.mart_contract import Mart
from expectations.product_marts import product_marts

MART_CONTRACTS: tuple[Mart, ...] = (*product_marts(), *finance_marts(), *revenue_marts(), headline_mart())
