"""Two sets of marts, cell by cell, with differences a person can read.

Belongs here: equality of marts and how it is told. Does not: how either side came about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.oracle.inputs import Row

# METRICS section 2: the key columns of each mart.
KEYS: Mapping[str, tuple[str, ...]] = {
    "fct_conversations": ("conversation_id",),
    "fct_agent_ttfv": ("agent_id",),
    "ttfv_weekly": ("created_week",),
    "fct_agent_days": ("agent_id", "activity_date"),
    "weekly_active_agents": ("activity_date",),
    "conversation_quality_daily": ("activity_date",),
    "fct_mrr_movements": ("account_id", "currency", "effective_at"),
    "fct_mrr_account_months": ("account_id", "mrr_month"),
    "mrr_daily": ("date",),
    "revenue_monthly": ("revenue_month",),
    "plan_mix_monthly": ("revenue_month", "plan"),
    "fct_revenue_lines": ("revenue_line_id",),
    "revenue_mix_monthly": ("revenue_month", "revenue_type"),
    "churn_cohorts": ("cohort_month", "months_since"),
    "fct_trials": ("account_id",),
    "activation_monthly": ("cohort_month", "acquisition_channel"),
    "activation_rolling": ("activity_date",),
    "fct_spend_daily": ("spend_date", "channel", "vendor"),
    "cac_monthly": ("cac_month", "channel"),
    "kpi_daily": ("as_of_date", "metric"),
    "dim_accounts": ("account_id",),
    "dim_agents": ("agent_id",),
    "dim_plans": ("plan",),
    "dim_channels": ("channel",),
    "dim_dates": ("date",),
}


@dataclass(frozen=True)
class Difference:
    """One cell, row or column on which the two sides do not agree. `column` is None for a whole row."""

    mart: str
    key: tuple[Any, ...]
    column: str | None
    oracle: Any
    warehouse: Any

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in zip(KEYS[self.mart], self.key, strict=False))
        what = f".{self.column}" if self.column else ""
        return f"{self.mart}[{where}]{what}: oracle {self.oracle!s}, warehouse {self.warehouse!s}"


def differences(
    oracle: Mapping[str, Sequence[Row]],
    warehouse: Mapping[str, Sequence[Row]],
    undecided: Mapping[str, Collection[str]],
) -> list[Difference]:
    """Every difference in the marts both sides have, in the order of marts, keys and columns.

    `undecided` names columns by mart that are not compared.
    """
    found: list[Difference] = []
    for mart in KEYS:
        if mart in oracle and mart in warehouse:
            found += _in_mart(mart, oracle[mart], warehouse[mart], undecided.get(mart, ()))
    return found


def _in_mart(mart: str, ours: Sequence[Row], theirs: Sequence[Row], skipped: Collection[str]) -> list[Difference]:
    left, right = _by_key(mart, ours), _by_key(mart, theirs)
    found = []
    for key in sorted(left.keys() | right.keys(), key=str):
        if key not in left or key not in right:
            found.append(Difference(mart, key, None, left.get(key, "has no row"), right.get(key, "has no row")))
            continue
        found += [
            Difference(
                mart, key, column, left[key].get(column, "has no column"), right[key].get(column, "has no column")
            )
            for column in left[key].keys() | right[key].keys()
            if column not in skipped and not _same(left[key], right[key], column)
        ]
    return sorted(found, key=lambda difference: (str(difference.key), difference.column or ""))


def _same(left: Row, right: Row, column: str) -> bool:
    if column not in left or column not in right:
        return False
    ours, theirs = left[column], right[column]
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return isinstance(ours, bool) and isinstance(theirs, bool) and ours == theirs
    # A float never equals money by accident here: it is no number of ours at all.
    return not isinstance(theirs, float) and bool(ours == theirs)


def _by_key(mart: str, rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
    """Rows by key. Raises ValueError when a key comes twice: the grain is the first thing a mart promises."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in KEYS[mart])
        if key in found:
            message = f"{mart}: two rows of key {key}: {found[key]} and {row}"
            raise ValueError(message)
        found[key] = row
    return found
