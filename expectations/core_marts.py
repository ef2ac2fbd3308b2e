"""Gate 2: what must hold of what all domains share (METRICS 2.4, 3): dimensions, headline, integrity.

Belongs here: claims about volume, ranges, closed sets, density and dates. Does not belong here: definitions and sums
that must agree, which dbt's tests own.
"""

from __future__ import annotations

from expectations.acquisition_marts import CHANNELS
from expectations.mart_contract import (
    MARTS,
    Feeder,
    Mart,
    ends_by_as_of,
    is_dense,
    is_one_of,
    not_negative,
    reaches_as_of,
    rows,
    starts_its_month,
)
from expectations.report import CheckSpec
from expectations.rule import KeyRule, QueryRule

# METRICS 2.4
PLANS = ("starter", "professional", "enterprise", "other")
STATUSES = ("past_due", "paying", "churned", "trial", "never_paid")
UNITS = ("eur", "ratio", "count", "hours", "months", "score")
VERDICTS = ("holds", "differs", "published")

# What began before the as-of day began so anywhere on earth, whatever the reporting time zone is.
SETTLED = "cast(created_at as timestamp) < cast($as_of as timestamp) - interval 1 day"


def core_marts() -> tuple[Mart, ...]:
    """Dimensions, the headline, and the report on integrity."""
    return (
        *_entities(),
        _seeded("dim_plans", "plan", PLANS),
        _seeded("dim_channels", "channel", CHANNELS),
        _dates(),
        _headline(),
        _integrity(),
    )


def _entities() -> tuple[Mart, ...]:
    accounts, agents = "dim_accounts", "dim_agents"
    return (
        Mart(
            accounts,
            key=("account_id",),
            columns=(
                "created_at",
                "acquisition_channel",
                "status",
                "plan",
                "first_mrr_at",
                "churned_at",
                "mrr_eur",
            ),
            feeders=(Feeder(("staging", "stg_app__accounts"), ("created_at",), SETTLED),),
            own_rules=(
                is_one_of(accounts, "status", STATUSES),
                is_one_of(accounts, "acquisition_channel", CHANNELS),
                rows(
                    accounts,
                    "plans_are_of_those_who_had_mrr",
                    "(plan is null) <> (first_mrr_at is null)",
                    "A plan is known exactly of those who ever had MRR.",
                ),
                not_negative(accounts, "mrr_eur"),
                rows(
                    accounts,
                    "statuses_agree_with_their_dates",
                    "(status in ('past_due', 'paying', 'churned')) <> (first_mrr_at is not null)"
                    " or (status = 'churned') <> (churned_at is not null) or churned_at < first_mrr_at",
                    "Who had MRR has its first instant; who churned, and nobody else, has a last one.",
                ),
                rows(
                    accounts,
                    "money_is_of_those_who_pay",
                    "(mrr_eur is distinct from 0) and status not in ('past_due', 'paying')",
                    "Nobody has MRR but who pays.",
                ),
            ),
        ),
        Mart(
            agents,
            key=("agent_id",),
            columns=("account_id", "created_at", "deleted_at"),
            feeders=(Feeder(("staging", "stg_app__agents"), ("created_at",), SETTLED),),
            own_rules=(
                rows(
                    agents,
                    "agents_belong_to_accounts",
                    "account_id is null or created_at is null",
                    "Every agent has an account and an age.",
                ),
                rows(
                    agents,
                    "deletions_follow_creations",
                    "deleted_at < created_at",
                    "No agent is deleted before it is made.",
                    "warn",
                ),
            ),
        ),
    )


def _seeded(mart: str, member: str, members: tuple[str, ...]) -> Mart:
    """A dimension that analysts edit as a seed: a closed list, each member named and in its place."""
    return Mart(
        mart,
        key=(member,),
        columns=("label", "sort"),
        feeders=(Feeder((MARTS, "dim_dates")),),
        own_rules=(
            is_one_of(mart, member, members),
            rows(mart, "members_are_named", "label is null or sort is null", "Every member has a label and a place."),
            KeyRule(
                spec=CheckSpec((MARTS, mart), "places_are_unique", "block", "No two members have the same place."),
                columns=("sort",),
            ),
            QueryRule(
                spec=CheckSpec((MARTS, mart), "no_member_is_missing", "block", f"There are {len(members)} members."),
                unit="members missing",
                measure=f"(select {len(members)} - count(distinct {member}) from mart)",
                examples=f"select 'there is ' || {member} from mart order by {member}",
            ),
        ),
    )


def _dates() -> Mart:
    dates = "dim_dates"
    return Mart(
        dates,
        key=("date",),
        columns=("week", "month", "quarter", "year", "is_weekend"),
        feeders=tuple(Feeder((MARTS, mart)) for mart in ("fct_conversations", "mrr_daily", "fct_spend_daily")),
        own_rules=(
            rows(
                dates,
                "periods_hold_their_dates",
                "not coalesce(date - week between 0 and 6 and date - month between 0 and 30"
                " and date - quarter between 0 and 91 and date - year between 0 and 365, false)",
                "A date lies in the week, month, quarter and year that it is put in.",
            ),
            starts_its_month(dates, "month"),
            is_dense(dates, "date"),
            ends_by_as_of(dates, "date"),
            reaches_as_of(dates, "date"),
        ),
    )


def _headline() -> Mart:
    """The one table for people in a hurry."""
    kpi = "kpi_daily"
    per_metric = "(select metric, count(*) as days from mart group by metric)"
    behind = f"(select metric from {per_metric} where days < (select max(days) from {per_metric}))"
    return Mart(
        kpi,
        key=("as_of_date", "metric"),
        columns=("value", "unit", "target", "is_on_target"),
        feeders=(Feeder((MARTS, "mrr_daily")),),
        own_rules=(
            is_one_of(kpi, "unit", UNITS),
            rows(
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
            ends_by_as_of(kpi, "as_of_date"),
            reaches_as_of(kpi, "as_of_date"),
        ),
    )


def _integrity() -> Mart:
    report = "integrity_report"
    return Mart(
        report,
        key=("name", "subject"),
        columns=("identity", "difference", "left_value", "right_value", "verdict", "row_count", "differing_row_count"),
        feeders=(Feeder((MARTS, "mrr_daily")), Feeder((MARTS, "fct_conversations"))),
        own_rules=(
            is_one_of(report, "verdict", VERDICTS),
            rows(report, "nothing_differs", "verdict = 'differs'", "Every identity of METRICS 3 holds."),
            rows(
                report,
                "verdicts_agree_with_their_rows",
                "row_count is null or row_count < 1 or differing_row_count not between 0 and row_count"
                " or (verdict = 'holds' and (differing_row_count > 0 or difference <> 0))"
                " or difference is distinct from left_value - right_value",
                "A claim holds only while no row of it differs, and the sums of its sides do not.",
            ),
        ),
    )
