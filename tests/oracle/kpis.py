"""One row a headline metric and day: `kpi_daily` (METRICS 2.4).

Belongs here: the metrics of each of the last 400 days, out of the other marts. Does not: those marts' own rules.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.clock import ReportingClock, add_months, month_of, next_month
from tests.oracle.inputs import Inputs, Row, Target
from tests.oracle.money import percentile, quotient, ratio, rounded

KPI_DAYS = 400
WINDOW = timedelta(days=29)
MATURE_FROM, MATURE_TO = timedelta(days=59), timedelta(days=30)
COMPARATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
UNITS = {
    "mrr_eur": "eur",
    "arr_eur": "eur",
    "paying_accounts": "count",
    "arpu_eur": "eur",
    "weekly_active_agents": "count",
    "conversations_per_active_agent": "count",
    "quality_score": "score",
    "response_accuracy_ratio": "ratio",
    "ttfv_median_hours": "hours",
    "activation_ratio": "ratio",
    "mrr_growth_ratio": "ratio",
    "quick_ratio": "ratio",
    "customer_churn_ratio": "ratio",
    "ltv_eur": "eur",
    "cac_blended_eur": "eur",
    "payback_months": "months",
    "ltv_cac_ratio": "ratio",
}
OF_THE_MONTH = (
    "mrr_growth_ratio",
    "quick_ratio",
    "customer_churn_ratio",
    "ltv_eur",
    "cac_blended_eur",
    "payback_months",
    "ltv_cac_ratio",
)


def kpi_daily(inputs: Inputs, marts: Mapping[str, Sequence[Row]]) -> list[Row]:
    clock = ReportingClock.of(inputs)
    targets = {target.metric: target for target in inputs.seeds.targets}
    first = clock.as_of_date - timedelta(days=KPI_DAYS - 1)
    # The first day's comparison lies a month before it.
    values = _Values(inputs, marts, clock)
    rows = []
    for number in range(KPI_DAYS):
        day = first + timedelta(days=number)
        now, before = values.of(day), values.of(add_months(day, -1))
        rows += [_row(day, metric, now[metric], before[metric], targets.get(metric)) for metric in UNITS]
    return rows


def _row(day: date, metric: str, value: Decimal | None, previous: Decimal | None, target: Target | None) -> Row:
    met = None
    if target is not None and value is not None:
        met = COMPARATORS[target.comparator](value, target.target)
    return {
        "as_of_date": day,
        "metric": metric,
        "value": value,
        "unit": UNITS[metric],
        "target": None if target is None else target.target,
        "is_on_target": met,
        "previous_value": previous,
        "change_ratio": None if value is None or previous is None else ratio(value - previous, previous),
    }


class _Values:
    """The metrics of any day, each day reckoned once."""

    def __init__(self, inputs: Inputs, marts: Mapping[str, Sequence[Row]], clock: ReportingClock) -> None:
        self._clock = clock
        self._window = inputs.activation_window_days
        self._mrr = {row["date"]: row for row in marts["mrr_daily"]}
        self._active = {row["activity_date"]: row for row in marts["weekly_active_agents"]}
        self._months = {row["revenue_month"]: row for row in marts["revenue_monthly"]}
        self._conversations = _by(marts["fct_conversations"], lambda row: row["started_date"])
        self._agents = _by(marts["fct_agent_ttfv"], lambda row: clock.date_of(row["created_at"]))
        self._trials = _by(marts["fct_trials"], lambda row: clock.date_of(row["trial_started_at"]))
        self._known: dict[date, dict[str, Decimal | None]] = {}

    def of(self, day: date) -> dict[str, Decimal | None]:
        if day not in self._known:
            exact = {**self._of_the_day(day), **self._of_30_days(day), **self._of_the_month(day)}
            self._known[day] = {m: None if v is None else rounded(v, 6) for m, v in exact.items()}
        return self._known[day]

    def _of_the_day(self, day: date) -> dict[str, Fraction | Decimal | int | None]:
        mrr, active = self._mrr.get(day), self._active.get(day)
        paying = mrr["paying_accounts"] if mrr else 0
        agents = active["active_agents"] if active else 0
        return {
            "mrr_eur": mrr["mrr_eur"] if mrr else None,
            "arr_eur": mrr["arr_eur"] if mrr else None,
            "paying_accounts": mrr["paying_accounts"] if mrr else None,
            "arpu_eur": rounded(Fraction(mrr["mrr_eur"]) / paying, 4) if mrr and paying else None,
            "weekly_active_agents": agents if active else None,
            "conversations_per_active_agent": active["conversations_per_active_agent"] if active else None,
        }

    def _of_30_days(self, day: date) -> dict[str, Fraction | Decimal | None]:
        held = _window(self._conversations, day - WINDOW, day)
        rated = sum(row["rated_response_count"] for row in held)
        score = sum((Fraction(row["quality_score"]) for row in held), Fraction(0))
        hours = [a["ttfv_hours"] for a in _window(self._agents, day - WINDOW, day) if a["ttfv_hours"] is not None]
        trials = _window(self._trials, day - MATURE_FROM, day - MATURE_TO)
        converted = sum(t["is_converted"] and t["days_to_convert"] <= self._window for t in trials)
        accurate = sum(row["accurate_response_count"] for row in held)
        return {
            "quality_score": quotient(score, len(held)),
            "response_accuracy_ratio": Fraction(accurate, rated) if rated else None,
            "ttfv_median_hours": percentile(hours, Fraction(1, 2)),
            "activation_ratio": Fraction(converted, len(trials)) if trials else None,
        }

    def _of_the_month(self, day: date) -> dict[str, Decimal | None]:
        """Of the last complete month, which that day itself may complete."""
        after = day + timedelta(days=1)
        month = month_of(day) if after == next_month(month_of(day)) else add_months(month_of(day), -1)
        row = self._months.get(month, {})
        return {metric: row.get(metric) for metric in OF_THE_MONTH}


def _by(rows: Sequence[Row], day_of: Callable[[Row], date]) -> Mapping[date, list[Row]]:
    found: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        found[day_of(row)].append(row)
    return found


def _window(rows: Mapping[date, Sequence[Row]], first: date, last: date) -> list[Row]:
    return [row for number in range((last - first).days + 1) for row in rows.get(first + timedelta(days=number), ())]
