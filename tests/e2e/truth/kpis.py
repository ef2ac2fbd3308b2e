"""The headline metrics of each day, out of the truth of the other marts.

Belongs here: windows, targets and comparisons of kpi_daily as METRICS 2.4 says. Does not: what the metrics are made of.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from pathlib import Path
from typing import NamedTuple

from tests.e2e.exact import DAY, every_day, local_day, month_before, percentile, previous_month, quotient, ratio
from tests.e2e.truth.acquisition import Trial, is_activated
from tests.e2e.truth.product import ActiveDay, AgentTtfv, QualityDay
from tests.e2e.truth.revenue_months import MrrDay, RevenueMonth

DAYS_SHOWN = 400
WINDOW = timedelta(days=29)
COMPARATORS: dict[str, Callable[[Decimal, Decimal], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
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
OF_THE_LAST_COMPLETE_MONTH = (
    *("mrr_growth_ratio", "quick_ratio", "customer_churn_ratio", "ltv_eur", "cac_blended_eur"),
    *("payback_months", "ltv_cac_ratio"),
)


class Kpi(NamedTuple):
    """A row of kpi_daily."""

    as_of_date: date
    metric: str
    value: Decimal | None
    unit: str
    target: Decimal | None
    is_on_target: bool | None
    previous_value: Decimal | None
    change_ratio: Decimal | None


class Target(NamedTuple):
    """A row of kpi_targets."""

    metric: str
    comparator: str
    target: Decimal


@dataclass(frozen=True)
class Facts:
    """The truth that the headline metrics are measured on, by day or month; `scores` adds up a day's quality scores."""

    mrr: Mapping[date, MrrDay]
    months: Mapping[date, RevenueMonth]
    active: Mapping[date, ActiveDay]
    quality: Mapping[date, QualityDay]
    scores: Mapping[date, Decimal]
    agents: list[AgentTtfv]
    trials: list[Trial]

    def measure(self, day: date) -> dict[str, Decimal | int | None]:
        """Every headline metric as of the end of a day."""
        mrr, active = self.mrr.get(day), self.active.get(day)
        month = self.months.get(previous_month(day + DAY))
        window = [self.quality[past] for past in every_day(day - WINDOW, day) if past in self.quality]
        scores = sum((self.scores[told.activity_date] for told in window), Decimal(0))
        hours = [
            agent.ttfv_hours
            for agent in self.agents
            if agent.ttfv_hours is not None and day - WINDOW <= local_day(agent.created_at) <= day
        ]
        matured = [
            is_activated(trial)
            for trial in self.trials
            if timedelta(days=30) <= day - local_day(trial.trial_started_at) <= timedelta(days=59)
        ]
        return {
            "mrr_eur": mrr and mrr.mrr_eur,
            "arr_eur": mrr and mrr.arr_eur,
            "paying_accounts": mrr and mrr.paying_accounts,
            "arpu_eur": mrr and quotient(mrr.mrr_eur, mrr.paying_accounts),
            "weekly_active_agents": active and active.active_agents,
            "conversations_per_active_agent": active and active.conversations_per_active_agent,
            "quality_score": quotient(scores, sum(told.conversation_count for told in window)),
            "response_accuracy_ratio": ratio(
                sum(told.accurate_response_count for told in window), sum(told.rated_response_count for told in window)
            ),
            "ttfv_median_hours": percentile(hours, 5),
            "activation_ratio": ratio(sum(matured), len(matured)),
            **{name: None if month is None else getattr(month, name) for name in OF_THE_LAST_COMPLETE_MONTH},
        }


def read_targets(seed: Path) -> list[Target]:
    """The targets as an analyst wrote them."""
    with seed.open(encoding="utf-8", newline="") as file:
        return [Target(row["metric"], row["comparator"], Decimal(row["target"])) for row in csv.DictReader(file)]


def kpis(facts: Facts, targets: Iterable[Target], as_of_date: date) -> Iterator[Kpi]:
    """Every headline metric of each of the last 400 days, beside its target and its value a month earlier."""
    first = as_of_date - (DAYS_SHOWN - 1) * DAY
    aims = {target.metric: target for target in targets}
    measured = {day: facts.measure(day) for day in every_day(month_before(first), as_of_date)}
    for day in every_day(first, as_of_date):
        for metric, unit in UNITS.items():
            told, before = measured[day][metric], measured[month_before(day)][metric]
            value = None if told is None else Decimal(told)
            previous = None if before is None else Decimal(before)
            aim = aims.get(metric)
            reached = None if value is None or aim is None else COMPARATORS[aim.comparator](value, aim.target)
            change = None if value is None or previous is None else ratio(value - previous, previous)
            yield Kpi(day, metric, value, unit, aim and aim.target, reached, previous, change)
