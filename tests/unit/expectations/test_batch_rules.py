"""Every rule of gate 1 on the rows of one table: a good batch meets all, a bad row is counted by its rule alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from expectations.batch_profile import BatchScan
from expectations.catalogue import batch_rules_by_asset
from expectations.profile import Profile
from expectations.raw_tables import RAW_TABLES
from expectations.report import Asset, BatchFile
from tests.unit.expectations.judging import violated

Stage = Callable[..., BatchFile]
ProfileOf = Callable[..., Profile]
EVENTS, ACCOUNTS, AGENTS = ("raw_app", "events"), ("raw_app", "accounts"), ("raw_app", "agents")
ADS, COSTS, PLUGIN = ("raw_spend", "google_ads"), ("raw_spend", "costs"), ("raw_spend", "wordpress_plugin")
ECB, CUSTOMERS, REFUNDS = ("raw_rates", "ecb"), ("raw_stripe", "customers"), ("raw_stripe", "refunds")
STRIPE_EVENTS = ("raw_stripe", "events")


@pytest.mark.parametrize("table", RAW_TABLES, ids=lambda table: ".".join(table.asset))
def test_batch_rules__a_good_row_meets_every_rule(stage: Stage, profile_of: ProfileOf, table: Any) -> None:
    profile = profile_of([stage(table.asset, {})])
    assert violated(profile) == set()
    assert {rule.spec.name for rule in profile.rules} == set(profile.measures)


@pytest.mark.parametrize("table", RAW_TABLES, ids=lambda table: ".".join(table.asset))
def test_batch_rules__an_empty_partition_meets_every_rule(stage: Stage, profile_of: ProfileOf, table: Any) -> None:
    assert violated(profile_of([stage(table.asset)])) == set()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asset", "change", "rule"),
    [
        (EVENTS, {"id": None}, "event_keys_are_complete"),
        (EVENTS, {"event_type": "", "sender": None}, "event_keys_are_complete"),
        (EVENTS, {"occurred_at": None}, "event_keys_are_complete"),
        (EVENTS, {"conversation_id": None}, "event_subjects_are_complete"),
        (
            EVENTS,
            {"event_type": "trial_started", "sender": None, "account_id": None},
            "event_subjects_are_complete",
        ),
        (
            EVENTS,
            {"received_at": at("2026-11-21T00:00:00"), "occurred_at": at("2026-11-21T00:00:00")},
            "events_lie_in_their_day",
        ),
        (EVENTS, {"occurred_at": at("2026-11-21T10:00:03")}, "event_clocks_are_plausible"),
        (EVENTS, {"occurred_at": at("2025-11-19T10:00:01")}, "event_clocks_are_plausible"),
        (EVENTS, {"visitor_token": "visitor-4711"}, "visitors_are_keyed_tokens"),
        (EVENTS, {"visitor_token": "k1_" + "0" * 63}, "visitors_are_keyed_tokens"),
        (EVENTS, {"sender": "bot"}, "senders_are_known"),
        (EVENTS, {"plan": "starter"}, "properties_belong_to_their_type"),
        (
            EVENTS,
            {"event_type": "feature_used", "sender": None, "feature": "export; drop"},
            "words_are_plain",
        ),
        (
            EVENTS,
            {"event_type": "trial_converted", "sender": None, "amount": "12,50", "currency": "EUR"},
            "conversion_amounts_are_decimals",
        ),
        (
            EVENTS,
            {"event_type": "trial_converted", "sender": None, "amount": "12.50", "currency": "eur"},
            "conversion_amounts_are_decimals",
        ),
        (EVENTS, {"account_id": "jane.doe@example.org"}, "text_holds_no_email_address"),
        (ACCOUNTS, {"created_at": None}, "account_keys_are_complete"),
        (ACCOUNTS, {"utm_campaign": "a?b"}, "campaign_words_are_plain"),
        (ACCOUNTS, {"referrer_host": "example.org/search?q=me"}, "referrers_are_hosts"),
        (ACCOUNTS, {"country": "Germany"}, "countries_are_iso_codes"),
        (AGENTS, {"account_id": None}, "agent_keys_are_complete"),
        (CUSTOMERS, {"livemode": None}, "objects_say_when_and_in_which_mode"),
        (CUSTOMERS, {"read_at": None}, "object_keys_are_complete"),
        (CUSTOMERS, {"payload": "[1]"}, "payloads_are_json_objects"),
        (CUSTOMERS, {"payload": "{"}, "payloads_are_json_objects"),
        (CUSTOMERS, {"payload": '{"note": "jane%40example.org"}'}, "text_holds_no_email_address"),
        (CUSTOMERS, {"payload": r'{"note": "jane\u0040mail.example.org"}'}, "text_holds_no_email_address"),
        (CUSTOMERS, {"read_at": at("2026-11-21T00:00:00")}, "reads_lie_in_their_day"),
        (STRIPE_EVENTS, {"object_id": None}, "object_keys_are_complete"),
        (STRIPE_EVENTS, {"payload": None, "api_version": None}, "object_keys_are_complete"),
        (ADS, {"campaign_id": None}, "ad_keys_are_complete"),
        (ADS, {"cost_micros": -1}, "ad_costs_are_not_negative"),
        (ADS, {"currency": "Euro"}, "ad_currencies_are_codes"),
        (ADS, {"conversions": "-0.5"}, "ad_volumes_are_not_negative"),
        (ADS, {"source_file": "other.csv"}, "rows_name_their_file"),
        (COSTS, {"amount": "1e3"}, "cost_amounts_are_decimals"),
        (COSTS, {"cost_date": None}, "cost_keys_are_complete"),
        (COSTS, {"date_to": date(2026, 11, 18)}, "cost_periods_run_forwards"),
        (PLUGIN, {"slug": ""}, "plugin_keys_are_complete"),
        (PLUGIN, {"downloads": -1}, "plugin_volumes_are_not_negative"),
        (ECB, {"rate": "0.000"}, "rates_are_positive"),
        (ECB, {"rate": "-1.2"}, "rates_are_positive"),
        (ECB, {"rate": None}, "rates_are_positive"),
        (ECB, {"rate": "N/A"}, "rates_are_positive"),
        (ECB, {"currency": "usd"}, "rate_currencies_are_codes"),
        (ECB, {"rate_date": None}, "rate_keys_are_complete"),
    ],
)
def test_batch_rules__a_bad_row_is_counted_by_its_rule_alone(
    stage: Stage, profile_of: ProfileOf, asset: Asset, change: dict[str, Any], rule: str
) -> None:
    assert violated(profile_of([stage(asset, change)])) == {rule}


@pytest.mark.parametrize(
    ("asset", "change"),
    [
        (EVENTS, {"occurred_at": at("2026-11-21T10:00:02")}),
        (EVENTS, {"occurred_at": at("2025-11-19T10:00:02")}),
        (EVENTS, {"event_type": "unheard_of", "sender": None, "account_id": None, "conversation_id": None}),
        (EVENTS, {"visitor_token": None}),
        (REFUNDS, {"livemode": None}),
        (STRIPE_EVENTS, {"payload": None, "previous_payload": None, "api_version": "2024-06-20"}),
        (COSTS, {"amount": "0", "date_to": date(2026, 11, 19)}),
        (CUSTOMERS, {"payload": '{"handle": "@example", "price": "5@2"}'}),
    ],
)
def test_batch_rules__the_edge_of_what_is_allowed_passes(
    stage: Stage, profile_of: ProfileOf, asset: Asset, change: dict[str, Any]
) -> None:
    assert violated(profile_of([stage(asset, change)])) == set()


@pytest.mark.parametrize(
    ("asset", "rule", "repeats"),
    [
        (ACCOUNTS, "account_ids_are_unique", {"country": "FR"}),
        (AGENTS, "agent_ids_are_unique", {"account_id": "acc2"}),
        (CUSTOMERS, "versions_are_unique", {"livemode": False}),
        (ADS, "ad_rows_are_unique", {"row_number": 2, "cost_micros": 0}),
        (COSTS, "bill_rows_are_unique", {"amount": "3"}),
        (PLUGIN, "plugin_days_are_unique", {"row_number": 2}),
        (ECB, "rate_days_are_unique", {"rate": "2"}),
    ],
)
def test_batch_rules__a_repeated_key_is_counted(
    stage: Stage, profile_of: ProfileOf, asset: Asset, rule: str, repeats: dict[str, Any]
) -> None:
    profile = profile_of([stage(asset, {}, repeats, repeats)])
    assert violated(profile) == {rule}
    assert profile.measures[rule][0] == 2


def test_batch_rules__the_same_account_in_two_snapshots_is_no_repetition(stage: Stage, profile_of: ProfileOf) -> None:
    assert violated(profile_of([stage(ACCOUNTS, {}), stage(ACCOUNTS, {}, value="2026-11-21")])) == set()


def test_batch_rules__equal_bills_are_two_bills(stage: Stage, profile_of: ProfileOf) -> None:
    assert violated(profile_of([stage(COSTS, {}, {"row_number": 2})])) == set()


def test_batch_rules__repeated_events_warn_above_their_share_across_days(stage: Stage, profile_of: ProfileOf) -> None:
    def day(value: str, *ids: str) -> BatchFile:
        moment = at(f"{value}T10:00:00")
        rows = [{"id": id_, "received_at": moment, "occurred_at": moment} for id_ in ids]
        return stage(EVENTS, *rows, value=value)

    few = [day("2026-11-19", *(f"e{n}" for n in range(19))), day("2026-11-20", "e0")]
    assert violated(profile_of(few)) == set()
    many = [*few, day("2026-11-21", "e1")]
    assert violated(profile_of(many)) == {"duplicate_events_are_few"}


def test_batch_rules__examples_name_partition_row_and_key_but_nothing_personal(stage: Stage, memory: Any) -> None:
    table = next(table for table in RAW_TABLES if table.asset == EVENTS)
    batch = stage(EVENTS, {"id": "e1"}, {"id": "e2", "sender": "bot"}, {"id": "jane@example.org", "sender": "bot"})
    scan = BatchScan(memory, table, [batch])
    rule = next(rule for rule in batch_rules_by_asset()[EVENTS] if rule.spec.name == "senders_are_known")
    assert scan.examples(rule, [batch.subject]) == (
        "received_date=2026-11-20 row 2 id=e2",
        "received_date=2026-11-20 row 3 id=(16 characters)",
    )
