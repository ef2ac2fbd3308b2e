"""Gate 2: what must hold of the marts that leave for publication, mart by mart.

Belongs here: claims about volume, ranges, closed sets, density and dates, as data. Does not belong here: definitions
and sums that must agree (dbt's tests own those), limits (thresholds), the running (mart_profile). Conditions see the
mart's columns and the parameter `$as_of`, a date; measures and examples read the mart as `mart`.
"""

from __future__ import annotations

from dataclasses import dataclass

from expectations.report import CheckSpec, Severity
from expectations.rule import KeyRule, QueryRule, RowRule, Rule
from expectations.thresholds import MRR_DAY_MOVE_DAYS, MRR_DAY_MOVE_WARN_RATIO

MARTS = "marts"
COLUMNS_PRESENT = "mart_is_built"
NUMBERS_EXACT = "numbers_are_exact"

# METRICS 2.2 and 2.4
MOVEMENT_TYPES = "('new', 'reactivation', 'churn', 'expansion', 'contraction')"
UNITS = "('eur', 'ratio', 'count', 'hours', 'months', 'score')"


@dataclass(frozen=True)
class Feeder:
    """What fills a mart: while `relation` has a row that meets `condition`, the mart must not be empty.

    Compared only when the relation is in the same file and has the `columns` that the condition reads.
    """

    relation: tuple[str, str]
    columns: tuple[str, ...] = ()
    condition: str = "true"


@dataclass(frozen=True)
class Mart:
    """A mart of METRICS 2: its key, the other columns the rules read, what feeds it, and its own claims."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    feeders: tuple[Feeder, ...]
    own_rules: tuple[Rule, ...]

    @property
    def asset(self) -> tuple[str, str]:
        return (MARTS, self.name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The claims every mart must meet, then its own."""
        missing_key = " or ".join(f"{column} is null" for column in self.key)
        return (
            Rule(
                spec=CheckSpec(self.asset, COLUMNS_PRESENT, "block", "The mart is in the file, with its columns."),
                unit="columns missing",
            ),
            Rule(
                spec=CheckSpec(
                    self.asset, NUMBERS_EXACT, "block", "No column is binary floating point: sums would not be exact."
                ),
                unit="columns of type FLOAT or DOUBLE",
            ),
            RowRule(
                spec=CheckSpec(self.asset, "key_is_complete", "block", "No part of the key is NULL."),
                violation=missing_key,
            ),
            KeyRule(
                spec=CheckSpec(self.asset, "key_is_unique", "block", "One row per key, as METRICS says."),
                columns=self.key,
            ),
            *self.volume_rules,
            *self.own_rules,
        )

    @property
    def volume_rules(self) -> tuple[Rule, ...]:
        """One rule for each feeder, in their order."""
        return tuple(
            Rule(
                spec=CheckSpec(
                    self.asset,
                    f"is_not_empty_while_{feeder.relation[1]}_has_rows",
                    "block",
                    f"While {'.'.join(feeder.relation)} has rows that belong here, so has the mart.",
                ),
                unit="source with rows, none in the mart",
            )
            for feeder in self.feeders
        )


def _rows(mart: str, name: str, violation: str, description: str, severity: Severity = "block") -> RowRule:
    return RowRule(spec=CheckSpec((MARTS, mart), name, severity, description), violation=violation)


def _not_negative(mart: str, *columns: str) -> RowRule:
    return _rows(
        mart,
        "numbers_are_not_negative",
        " or ".join(f"{column} < 0" for column in columns),
        f"Never below 0: {', '.join(columns)}.",
    )


def _within_unit(mart: str, *columns: str) -> RowRule:
    return _rows(
        mart,
        "shares_lie_between_0_and_1",
        " or ".join(f"{column} not between 0 and 1" for column in columns),
        f"A part is no larger than its whole: {', '.join(columns)}.",
    )


def _ends_by_as_of(mart: str, column: str) -> RowRule:
    return _rows(
        mart, "no_date_lies_after_as_of", f"{column} > $as_of", f"No {column} lies after the last complete day."
    )


def _reaches_as_of(mart: str, column: str, unit: str = "day") -> QueryRule:
    """The newest period is the one of `$as_of`; an empty mart is the volume rule's matter."""
    last = f"max({column})"
    return QueryRule(
        spec=CheckSpec((MARTS, mart), "reaches_as_of", "block", f"The newest {column} is the {unit} of as_of_date."),
        unit=f"{unit}s missing at the end",
        measure=f"(select date_diff('{unit}', {last}, date_trunc('{unit}', $as_of)) from mart)",
        examples=f"select 'last {column} ' || {last} from mart",
    )


def _is_dense(mart: str, column: str, unit: str = "day") -> QueryRule:
    return QueryRule(
        spec=CheckSpec((MARTS, mart), f"every_{unit}_has_a_row", "block", f"No {unit} is missing between two others."),
        unit=f"{unit}s missing",
        measure=f"(select date_diff('{unit}', min({column}), max({column})) + 1 - count(distinct {column}) from mart)",
        examples=(
            f"select 'after ' || {column} from (select {column}, lead({column}) over (order by {column}) as following"
            f" from (select distinct {column} from mart))"
            f" where date_diff('{unit}', {column}, following) > 1 order by {column}"
        ),
    )


def _starts_its_month(mart: str, column: str) -> RowRule:
    return _rows(
        mart,
        "months_are_first_days",
        f"{column} <> date_trunc('month', {column})",
        "A month is written as its first day.",
    )


def _product() -> tuple[Mart, ...]:
    # A conversation that began before the as-of day began anywhere on earth belongs into the mart, whatever the
    # reporting time zone is; the last hours are left to dbt.
    settled = "< cast($as_of as timestamp) - interval 1 day"
    conversations, ttfv, days, weekly = (
        "fct_conversations",
        "fct_agent_ttfv",
        "fct_agent_days",
        "weekly_active_agents",
    )
    counts = (
        "duration_seconds",
        "message_count",
        "visitor_message_count",
        "agent_message_count",
        "lead_count",
        "rated_response_count",
        "accurate_response_count",
    )
    return (
        Mart(
            conversations,
            key=("conversation_id",),
            columns=("started_at", "ended_at", "started_date", "has_lead", "quality_score", *counts),
            feeders=(
                Feeder(
                    ("staging", "stg_app__events"),
                    ("event_type", "is_test", "occurred_at"),
                    "event_type = 'conversation_started' and is_test is not true"
                    f" and cast(occurred_at as timestamp) {settled}",
                ),
            ),
            own_rules=(
                _not_negative(conversations, *counts),
                _rows(
                    conversations,
                    "scores_lie_between_0_and_100",
                    "quality_score is null or quality_score not between 0 and 100",
                    "The quality score lies between 0 and 100.",
                ),
                _rows(
                    conversations,
                    "parts_fit_their_wholes",
                    "visitor_message_count + agent_message_count > message_count"
                    " or accurate_response_count > rated_response_count or has_lead <> (lead_count > 0)",
                    "Messages by sender, accurate ratings and leads agree with their totals.",
                ),
                _rows(
                    conversations,
                    "ends_follow_starts",
                    "ended_at < started_at",
                    "None ends before it starts.",
                ),
                _ends_by_as_of(conversations, "started_date"),
            ),
        ),
        Mart(
            ttfv,
            key=("agent_id",),
            columns=("created_at", "created_week", "first_conversation_at", "ttfv_hours", "is_within_target"),
            feeders=(
                Feeder(("staging", "stg_app__agents"), ("created_at",), f"cast(created_at as timestamp) {settled}"),
            ),
            own_rules=(
                _not_negative(ttfv, "ttfv_hours"),
                _rows(
                    ttfv,
                    "hours_and_conversations_agree",
                    "(ttfv_hours is null) <> (first_conversation_at is null)"
                    " or (first_conversation_at is not null and is_within_target is null)"
                    " or (first_conversation_at is null and is_within_target)",
                    "Hours, first conversation and target are known together.",
                ),
                _ends_by_as_of(ttfv, "created_week"),
            ),
        ),
        Mart(
            days,
            key=("agent_id", "activity_date"),
            columns=("conversation_count", "message_count", "lead_count"),
            feeders=(Feeder((MARTS, conversations)),),
            own_rules=(
                _rows(
                    days,
                    "days_have_conversations",
                    "conversation_count < 1",
                    "A row stands for one or more.",
                ),
                _not_negative(days, "message_count", "lead_count"),
                _ends_by_as_of(days, "activity_date"),
            ),
        ),
        Mart(
            weekly,
            key=("activity_date",),
            columns=("active_agents", "conversation_count", "conversations_per_active_agent"),
            feeders=(Feeder((MARTS, conversations)),),
            own_rules=(
                _not_negative(weekly, "active_agents", "conversation_count", "conversations_per_active_agent"),
                _rows(
                    weekly,
                    "quotients_have_a_denominator",
                    "(conversations_per_active_agent is null) <> (active_agents = 0)",
                    "Conversations per active agent are NULL exactly when no agent was active.",
                ),
                _is_dense(weekly, "activity_date"),
                _ends_by_as_of(weekly, "activity_date"),
                _reaches_as_of(weekly, "activity_date"),
            ),
        ),
    )


def _finance() -> tuple[Mart, ...]:
    movements, months, daily, monthly = (
        "fct_mrr_movements",
        "fct_mrr_account_months",
        "mrr_daily",
        "revenue_monthly",
    )
    ledger = Feeder((MARTS, movements))
    gains = ("opening_mrr_eur", "new_mrr_eur", "expansion_mrr_eur", "reactivation_mrr_eur", "closing_mrr_eur")
    accounts = ("opening_accounts", "new_accounts", "reactivated_accounts", "churned_accounts", "paying_accounts")
    return (
        Mart(
            movements,
            key=("account_id", "currency", "effective_at"),
            columns=("effective_date", "movement_type", "mrr_before", "mrr_after", "mrr_delta"),
            # What Stripe holds may be trials alone, so no source proves that the ledger must have a row.
            feeders=(),
            own_rules=(
                _rows(
                    movements,
                    "movement_types_are_known",
                    f"movement_type is null or movement_type not in {MOVEMENT_TYPES}",
                    "Every movement is one of the five types.",
                ),
                _not_negative(movements, "mrr_before", "mrr_after"),
                _rows(
                    movements,
                    "every_movement_moves",
                    "mrr_delta is null or mrr_delta = 0 or mrr_after <> mrr_before + mrr_delta",
                    "A movement changes MRR, by its delta.",
                ),
                _rows(
                    movements,
                    "currencies_are_codes",
                    "not regexp_full_match(currency, '[A-Z]{3}')",
                    "A currency is three capital letters.",
                ),
                _ends_by_as_of(movements, "effective_date"),
            ),
        ),
        Mart(
            months,
            key=("account_id", "mrr_month"),
            columns=("mrr_eur", "mrr_billed_eur", "movement_type"),
            # An account may start and end within its only month, so the ledger does not prove a row either.
            feeders=(),
            own_rules=(
                _rows(
                    months,
                    "movement_types_are_known",
                    f"movement_type not in {MOVEMENT_TYPES}",
                    "A month's movement is one of the five types, or none.",
                ),
                _not_negative(months, "mrr_eur", "mrr_billed_eur"),
                _starts_its_month(months, "mrr_month"),
                _ends_by_as_of(months, "mrr_month"),
            ),
        ),
        Mart(
            daily,
            key=("date",),
            columns=("mrr_eur", "arr_eur", "paying_accounts"),
            feeders=(ledger,),
            own_rules=(
                _not_negative(daily, "mrr_eur", "arr_eur", "paying_accounts"),
                _is_dense(daily, "date"),
                _ends_by_as_of(daily, "date"),
                _reaches_as_of(daily, "date"),
                _mrr_moves_gently(daily),
            ),
        ),
        Mart(
            monthly,
            key=("revenue_month",),
            columns=(
                "is_complete",
                "committed_mrr_eur",
                "arr_eur",
                "contraction_mrr_eur",
                "churn_mrr_eur",
                "quick_ratio",
                "customer_churn_ratio",
                "gross_mrr_churn_ratio",
                *gains,
                *accounts,
            ),
            feeders=(ledger,),
            own_rules=(
                _not_negative(
                    monthly, *gains, *accounts, "committed_mrr_eur", "arr_eur", "quick_ratio", "gross_mrr_churn_ratio"
                ),
                _rows(
                    monthly,
                    "losses_are_not_positive",
                    "contraction_mrr_eur > 0 or churn_mrr_eur > 0",
                    "Contraction and churn are written as negative money.",
                ),
                _within_unit(monthly, "customer_churn_ratio"),
                _rows(
                    monthly,
                    "complete_months_have_ended",
                    "is_complete is distinct from (revenue_month + interval 1 month <= $as_of + 1)",
                    "A month is complete exactly when its last day is on or before as_of_date.",
                ),
                _starts_its_month(monthly, "revenue_month"),
                _is_dense(monthly, "revenue_month", "month"),
                _ends_by_as_of(monthly, "revenue_month"),
                _reaches_as_of(monthly, "revenue_month", "month"),
            ),
        ),
    )


def _mrr_moves_gently(mart: str) -> QueryRule:
    moves = (
        "(select date, mrr_eur, lag(mrr_eur) over (order by date) as mrr_before from mart"
        f" qualify date > $as_of - {MRR_DAY_MOVE_DAYS} and mrr_before > 0"
        f" and abs(mrr_eur - mrr_before) > mrr_before * cast({MRR_DAY_MOVE_WARN_RATIO} as decimal(4, 2)))"
    )
    return QueryRule(
        spec=CheckSpec(
            (MARTS, mart),
            "mrr_moves_gently",
            "warn",
            f"On none of the last {MRR_DAY_MOVE_DAYS} days did MRR move by more than {MRR_DAY_MOVE_WARN_RATIO:.0%}.",
        ),
        unit="days",
        measure=f"(select count(*) from {moves})",
        examples=f"select date || ': ' || mrr_before || ' to ' || mrr_eur || ' EUR' from {moves} order by date",
    )


def _headline() -> Mart:
    kpi = "kpi_daily"
    per_metric = "(select metric, count(*) as days from mart group by metric)"
    behind = f"(select metric from {per_metric} where days < (select max(days) from {per_metric}))"
    return Mart(
        kpi,
        key=("as_of_date", "metric"),
        columns=("value", "unit", "target", "is_on_target"),
        feeders=(Feeder((MARTS, "mrr_daily")),),
        own_rules=(
            _rows(kpi, "units_are_known", f"unit is null or unit not in {UNITS}", "Every unit is one METRICS names."),
            _rows(
                kpi,
                "targets_are_judged",
                "(is_on_target is null) <> (value is null or target is null)",
                "A target is met or missed exactly when there are a value and a target.",
            ),
            QueryRule(
                spec=CheckSpec(
                    (MARTS, kpi), "metrics_have_equal_days", "block", "Every metric has a row for each of the days."
                ),
                unit="metrics with fewer days than others",
                measure=f"(select count(*) from {behind})",
                examples=f"select metric from {behind} order by metric",
            ),
            _ends_by_as_of(kpi, "as_of_date"),
            _reaches_as_of(kpi, "as_of_date"),
        ),
    )


MART_CONTRACTS: tuple[Mart, ...] = (*_product(), *_finance(), _headline())
