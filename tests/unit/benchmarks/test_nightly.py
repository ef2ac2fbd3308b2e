"""A benchmark compares equal work only."""

from __future__ import annotations

import pytest

from benchmarks.nightly import DifferentWorkError, require_equal


def test_require_equal__names_what_differs_and_what_is_missing() -> None:
    with pytest.raises(DifferentWorkError, match=r"marts differ for dim_dates, kpi_daily, mrr_daily:"):
        require_equal(
            "marts",
            {"kpi_daily": "a", "mrr_daily": "b", "dim_plans": "c"},
            {"kpi_daily": "x", "dim_plans": "c", "dim_dates": "d"},
        )


def test_require_equal__lets_equal_work_pass() -> None:
    require_equal("rows", {"events": 3}, {"events": 3})
