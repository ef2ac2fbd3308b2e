"""Every source there is. A new one joins by one entry, made in a module of sources/."""

from __future__ import annotations

from tests.contract.sources.app import APP_IN_DUCKDB, APP_IN_POSTGRES
from tests.contract.sources.folders import RATES, SPEND, SUPPORT
from tests.contract.sources.stripe import STRIPE

CASES = (APP_IN_POSTGRES, APP_IN_DUCKDB, STRIPE, SPEND, RATES, SUPPORT)
