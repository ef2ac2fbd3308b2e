"""Gate 2: what must hold of the product's marts (METRICS 2.1).

Belongs here: claims about volume, ranges, closed sets, density and dates. Does not belong here: definitions and sums
that must agree, which dbt's tests own.
"""

from __future__ import annotations

from expectations.mart_contract import (
    MARTS,
    Feeder,
    Mart,
    ends_by_as_of,
    is_dense,
    lies_within_unit,
    not_negative,
    reaches_as_of,
    rows,
)


def product_marts() -> tuple[Mart, ...]:
    """Conversations, agents and their days."""
    # A conversation that began before the as-of day began anywhere on earth belongs into the mart, whatever the
    # reporting time zone is; the last hours are left to dbt.
    settled = "< cast($as_of as timestamp) - interval 1 day"
    conversations, days, weekly, quality = (
        "fct_conversations",
        "fct_agent_days",
        "weekly_active_agents",
        "conversation_quality_daily",
    )
    ttfv, ttfv_weeks = "fct_agent_ttfv", "ttfv_weekly"
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
                not_negative(conversations, *counts),
                rows(
                    conversations,
                    "scores_lie_between_0_and_100",
                    "quality_score is null or quality_score not between 0 and 100",
                    "The quality score lies between 0 and 100.",
                ),
                rows(
                    conversations,
                    "parts_fit_their_wholes",
                    "visitor_message_count + agent_message_count > message_count"
                    " or accurate_response_count > rated_response_count or has_lead is distinct from (lead_count > 0)",
                    "Messages by sender, accurate ratings and leads agree with their totals.",
                ),
                rows(
                    conversations,
                    "ends_follow_starts",
                    "ended_at < started_at",
                    "None ends before it starts; a skewed clock may say so, and costs its duration.",
                    "warn",
                ),
                ends_by_as_of(conversations, "started_date"),
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
                not_negative(ttfv, "ttfv_hours"),
                rows(
                    ttfv,
                    "hours_and_conversations_agree",
                    "(ttfv_hours is null) <> (first_conversation_at is null)"
                    " or (first_conversation_at is not null and is_within_target is null)"
                    " or (first_conversation_at is null and is_within_target)",
                    "Hours, first conversation and target are known together.",
                ),
                ends_by_as_of(ttfv, "created_week"),
            ),
        ),
        Mart(
            days,
            key=("agent_id", "activity_date"),
            columns=("conversation_count", "message_count", "lead_count"),
            feeders=(Feeder((MARTS, conversations)),),
            own_rules=(
                rows(
                    days,
                    "days_have_conversations",
                    "conversation_count < 1",
                    "A row stands for one or more.",
                ),
                not_negative(days, "message_count", "lead_count"),
                ends_by_as_of(days, "activity_date"),
            ),
        ),
        Mart(
            weekly,
            key=("activity_date",),
            columns=("active_agents", "conversation_count", "conversations_per_active_agent"),
            feeders=(Feeder((MARTS, conversations)),),
            own_rules=(
                not_negative(weekly, "active_agents", "conversation_count", "conversations_per_active_agent"),
                rows(
                    weekly,
                    "quotients_have_a_denominator",
                    "(conversations_per_active_agent is null) <> (active_agents = 0)",
                    "Conversations per active agent are NULL exactly when no agent was active.",
                ),
                is_dense(weekly, "activity_date"),
                ends_by_as_of(weekly, "activity_date"),
                reaches_as_of(weekly, "activity_date"),
            ),
        ),
        Mart(
            quality,
            key=("activity_date",),
            columns=("conversation_count", "avg_quality_score", "response_accuracy_ratio"),
            feeders=(Feeder((MARTS, conversations)),),
            own_rules=(
                not_negative(quality, "conversation_count"),
                rows(
                    quality,
                    "scores_lie_between_0_and_100",
                    "avg_quality_score not between 0 and 100",
                    "The average quality score lies between 0 and 100.",
                ),
                lies_within_unit(quality, "response_accuracy_ratio"),
                ends_by_as_of(quality, "activity_date"),
            ),
        ),
        Mart(
            ttfv_weeks,
            key=("created_week",),
            columns=("agents_created", "agents_with_value", "within_target_ratio", "median_ttfv_hours"),
            feeders=(Feeder((MARTS, ttfv)),),
            own_rules=(
                not_negative(ttfv_weeks, "agents_created", "agents_with_value", "median_ttfv_hours"),
                lies_within_unit(ttfv_weeks, "within_target_ratio"),
                ends_by_as_of(ttfv_weeks, "created_week"),
            ),
        ),
    )
