"""Every rule of gate 2: good marts meet all, a planted fault is counted by its rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from expectations.mart_profile import MartScan
from expectations.mart_rules import MART_CONTRACTS
from expectations.profile import Profile
from tests.unit.expectations.judging import violated

MartProfile = Callable[..., Profile]


@pytest.mark.parametrize("mart", MART_CONTRACTS, ids=lambda mart: mart.name)
def test_mart_rules__a_good_mart_meets_every_rule(mart_profile: MartProfile, mart: Any) -> None:
    profile = mart_profile(mart.name)
    assert violated(profile) == set()


@pytest.mark.parametrize("mart", MART_CONTRACTS, ids=lambda mart: mart.name)
def test_mart_rules__the_columns_they_read_are_the_columns_they_ask_for(
    mart_profile: MartProfile, warehouse: Any, mart: Any
) -> None:
    asked = ", ".join((*mart.key, *mart.columns))
    profile = mart_profile(
        mart.name, f"create or replace table marts.{mart.name} as select {asked} from marts.{mart.name}"
    )
    unmeasured = {rule.spec.name for rule in profile.rules} - {rule.spec.name for rule in profile.measured_rules}
    assert all(name.startswith("is_not_empty_while_stg") for name in unmeasured)
    scan = MartScan(warehouse, mart, date(2026, 11, 21))
    for rule in profile.rules:
        scan.examples(rule)


@pytest.mark.parametrize(
    ("mart", "change", "rules"),
    [
        ("fct_conversations", "update marts.fct_conversations set conversation_id = null", {"key_is_complete"}),
        (
            "fct_conversations",
            "insert into marts.fct_conversations select * from marts.fct_conversations",
            {"key_is_unique"},
        ),
        (
            "fct_conversations",
            "update marts.fct_conversations set quality_score = 100.1",
            {"scores_lie_between_0_and_100"},
        ),
        (
            "fct_conversations",
            "update marts.fct_conversations set duration_seconds = -1",
            {"numbers_are_not_negative"},
        ),
        ("fct_conversations", "update marts.fct_conversations set has_lead = false", {"parts_fit_their_wholes"}),
        (
            "fct_conversations",
            "update marts.fct_conversations set ended_at = started_at - interval 1 second",
            {"ends_follow_starts"},
        ),
        (
            "fct_conversations",
            "update marts.fct_conversations set started_date = date '2026-11-22'",
            {"no_date_lies_after_as_of"},
        ),
        (
            "fct_conversations",
            "alter table marts.fct_conversations alter quality_score type double",
            {"numbers_are_exact"},
        ),
        ("fct_agent_ttfv", "update marts.fct_agent_ttfv set ttfv_hours = null", {"hours_and_conversations_agree"}),
        (
            "fct_agent_days",
            "update marts.fct_agent_days set conversation_count = 0",
            {"days_have_conversations"},
        ),
        ("fct_agent_days", "delete from marts.fct_agent_days", {"is_not_empty_while_fct_conversations_has_rows"}),
        (
            "weekly_active_agents",
            "delete from marts.weekly_active_agents where activity_date = date '2026-11-20'",
            {"every_day_has_a_row"},
        ),
        (
            "weekly_active_agents",
            "delete from marts.weekly_active_agents where activity_date = date '2026-11-21'",
            {"reaches_as_of"},
        ),
        (
            "weekly_active_agents",
            "update marts.weekly_active_agents set active_agents = 0",
            {"quotients_have_a_denominator"},
        ),
        (
            "fct_mrr_movements",
            "update marts.fct_mrr_movements set movement_type = 'upgrade'",
            {"movement_types_are_known"},
        ),
        ("fct_mrr_movements", "update marts.fct_mrr_movements set mrr_delta = 98", {"every_movement_moves"}),
        ("fct_mrr_movements", "update marts.fct_mrr_movements set currency = 'eur'", {"currencies_are_codes"}),
        (
            "fct_mrr_account_months",
            "update marts.fct_mrr_account_months set mrr_month = date '2026-10-02'",
            {"months_are_first_days"},
        ),
        (
            "fct_mrr_account_months",
            "update marts.fct_mrr_account_months set mrr_eur = -1",
            {"numbers_are_not_negative"},
        ),
        (
            "mrr_daily",
            "update marts.mrr_daily set mrr_eur = 129 where date >= date '2026-11-18'",
            {"mrr_moves_gently"},
        ),
        ("mrr_daily", "delete from marts.mrr_daily", {"is_not_empty_while_fct_mrr_movements_has_rows"}),
        (
            "revenue_monthly",
            "update marts.revenue_monthly set customer_churn_ratio = 1.01",
            {"shares_lie_between_0_and_1"},
        ),
        (
            "revenue_monthly",
            "update marts.revenue_monthly set churn_mrr_eur = 1",
            {"losses_are_not_positive"},
        ),
        (
            "revenue_monthly",
            "update marts.revenue_monthly set is_complete = true",
            {"complete_months_have_ended"},
        ),
        (
            "revenue_monthly",
            "delete from marts.revenue_monthly where revenue_month = date '2026-11-01'",
            {"reaches_as_of"},
        ),
        (
            "conversation_quality_daily",
            "update marts.conversation_quality_daily set avg_quality_score = 101",
            {"scores_lie_between_0_and_100"},
        ),
        (
            "conversation_quality_daily",
            "delete from marts.conversation_quality_daily",
            {"is_not_empty_while_fct_conversations_has_rows"},
        ),
        (
            "ttfv_weekly",
            "update marts.ttfv_weekly set within_target_ratio = 1.1",
            {"shares_lie_between_0_and_1"},
        ),
        (
            "fct_revenue_lines",
            "update marts.fct_revenue_lines set line_kind = 'void'",
            {"types_and_kinds_are_known"},
        ),
        (
            "plan_mix_monthly",
            "update marts.plan_mix_monthly set revenue_month = date '2026-12-01'",
            {"no_date_lies_after_as_of"},
        ),
        (
            "revenue_mix_monthly",
            "delete from marts.revenue_mix_monthly",
            {"is_not_empty_while_fct_revenue_lines_has_rows"},
        ),
        (
            "churn_cohorts",
            "update marts.churn_cohorts set months_since = months_since + 1",
            {"no_month_lies_after_as_of"},
        ),
        ("kpi_daily", "update marts.kpi_daily set unit = 'EUR'", {"unit_is_known"}),
        ("kpi_daily", "update marts.kpi_daily set target = 1", {"targets_are_judged"}),
        (
            "kpi_daily",
            "delete from marts.kpi_daily where metric = 'mrr_eur' and as_of_date = date '2026-11-21'",
            {"metrics_have_equal_days"},
        ),
        ("fct_conversations", "update marts.fct_conversations set has_lead = null", {"parts_fit_their_wholes"}),
        ("fct_trials", "update marts.fct_trials set acquisition_channel = 'radio'", {"acquisition_channel_is_known"}),
        ("fct_trials", "update marts.fct_trials set is_converted = null", {"conversions_agree"}),
        ("fct_trials", "update marts.fct_trials set is_matured = null", {"maturity_is_known"}),
        (
            "activation_monthly",
            "delete from marts.activation_monthly where acquisition_channel = 'all'",
            {"every_month_has_all"},
        ),
        ("activation_monthly", "update marts.activation_monthly set converted_count = 3", {"parts_fit_their_wholes"}),
        (
            "activation_rolling",
            "delete from marts.activation_rolling where activity_date = date '2026-11-20'",
            {"every_day_has_a_row"},
        ),
        (
            "activation_rolling",
            "update marts.activation_rolling set conversion_ratio_30d = 1.5",
            {"shares_lie_between_0_and_1"},
        ),
        ("fct_spend_daily", "update marts.fct_spend_daily set channel = 'radio'", {"channel_is_known"}),
        (
            "fct_spend_daily",
            "update marts.fct_spend_daily set spend_eur = 0, clicks = 0, impressions = 0, conversions_reported = 0",
            {"rows_tell_something"},
        ),
        ("fct_spend_daily", "update marts.fct_spend_daily set clicks = -1", {"numbers_are_not_negative"}),
        ("cac_monthly", "delete from marts.cac_monthly where channel = 'blended'", {"every_month_has_blended"}),
        ("cac_monthly", "update marts.cac_monthly set cac_eur = null", {"quotients_have_a_denominator"}),
        (
            "dim_accounts",
            "update marts.dim_accounts set churned_at = first_mrr_at",
            {"statuses_agree_with_their_dates"},
        ),
        ("dim_accounts", "update marts.dim_accounts set plan = null", {"plans_are_of_those_who_had_mrr"}),
        (
            "dim_accounts",
            "update marts.dim_accounts set status = 'churned', churned_at = first_mrr_at",
            {"money_is_of_those_who_pay"},
        ),
        ("dim_agents", "update marts.dim_agents set account_id = null", {"agents_belong_to_accounts"}),
        (
            "dim_agents",
            "update marts.dim_agents set deleted_at = created_at - interval 1 second",
            {"deletions_follow_creations"},
        ),
        ("dim_plans", "delete from marts.dim_plans where plan = 'other'", {"no_member_is_missing"}),
        ("dim_plans", "update marts.dim_plans set label = null where plan = 'other'", {"members_are_named"}),
        ("dim_channels", "update marts.dim_channels set sort = 1 where channel = 'other'", {"places_are_unique"}),
        ("dim_dates", "update marts.dim_dates set week = week + 7", {"periods_hold_their_dates"}),
        ("dim_dates", "delete from marts.dim_dates where date = date '2026-11-03'", {"every_day_has_a_row"}),
        (
            "integrity_report",
            "update marts.integrity_report set verdict = 'differs', differing_row_count = 1",
            {"nothing_differs"},
        ),
        (
            "integrity_report",
            "update marts.integrity_report set differing_row_count = 1",
            {"verdicts_agree_with_their_rows"},
        ),
        ("integrity_report", "update marts.integrity_report set left_value = 100", {"verdicts_agree_with_their_rows"}),
    ],
)
def test_mart_rules__a_planted_fault_is_counted_by_its_rule_alone(
    mart_profile: MartProfile, mart: str, change: str, rules: set[str]
) -> None:
    assert violated(mart_profile(mart, change)) == rules


def test_mart_rules__a_move_of_exactly_the_limit_or_long_ago_is_gentle(mart_profile: MartProfile) -> None:
    limit = "update marts.mrr_daily set mrr_eur = 128.7 where date >= date '2026-11-18'"
    assert violated(mart_profile("mrr_daily", limit)) == set()
    long_ago = "update marts.mrr_daily set mrr_eur = 1 where date <= date '2026-11-13'"
    assert violated(mart_profile("mrr_daily", long_ago)) == set()


def test_mart_rules__an_empty_mart_fails_only_while_its_source_has_rows(mart_profile: MartProfile) -> None:
    empty = "delete from marts.fct_conversations"
    rule = "is_not_empty_while_stg_app__events_has_rows"
    assert mart_profile("fct_conversations", empty).measures[rule] == (None,)
    events = "create table staging.stg_app__events (event_type text, is_test boolean, occurred_at timestamptz)"
    assert mart_profile("fct_conversations", events).measures[rule] == (0,)
    useless = """insert into staging.stg_app__events values
        ('conversation_started', true, '2026-11-01 00:00:00+00'), ('message_sent', null, '2026-11-01 00:00:00+00')"""
    assert mart_profile("fct_conversations", useless).measures[rule] == (0,)
    useful = "insert into staging.stg_app__events values ('conversation_started', null, '2026-11-19 00:00:00+00')"
    assert violated(mart_profile("fct_conversations", useful)) == {rule}


def test_mart_rules__an_absent_mart_fails_only_where_it_is_expected(mart_profile: MartProfile) -> None:
    absent = mart_profile("mrr_daily", "drop table marts.mrr_daily")
    assert absent.measured_rules == ()
    assert absent.observed(absent.rules[0]) == "not judged: the mart is not in the file"
    expected = mart_profile("mrr_daily", expected=["mrr_daily"])
    assert violated_names(expected) == ["mart_is_built"]
    assert expected.notes["mart_is_built"] == ("the mart is not in the file",)


def test_mart_rules__a_missing_column_is_named_and_stops_the_rest(mart_profile: MartProfile) -> None:
    profile = mart_profile("mrr_daily", "alter table marts.mrr_daily rename arr_eur to arr")
    assert violated_names(profile) == ["mart_is_built"]
    assert profile.notes["mart_is_built"] == ("arr_eur",)


def violated_names(profile: Profile) -> list[str]:
    return [rule.spec.name for rule in profile.measured_rules]
