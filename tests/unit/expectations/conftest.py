"""Staged Parquet files and small warehouses for the gates' tests: real files, read by the real gates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from expectations.batch_profile import BatchScan
from expectations.catalogue import batch_rules_by_asset
from expectations.mart_profile import MartScan
from expectations.mart_rules import MART_CONTRACTS
from expectations.profile import Profile
from expectations.raw_tables import RAW_TABLES
from expectations.report import Asset, BatchFile, PartitionCount

DAY = "2026-11-20"
AS_OF = date(2026, 11, 21)
TOKEN = "k1_" + "0123456789abcdef" * 4


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# One good row of every raw table; tests change what they are about.
GOOD_ROWS: dict[Asset, dict[str, Any]] = {
    ("raw_app", "events"): {
        "id": "e1",
        "event_type": "message_sent",
        "account_id": "acc1",
        "agent_id": "ag1",
        "conversation_id": "c1",
        "visitor_token": TOKEN,
        "occurred_at": instant("2026-11-20T10:00:00"),
        "received_at": instant("2026-11-20T10:00:02"),
        "sender": "visitor",
    },
    ("raw_app", "accounts"): {
        "id": "acc1",
        "created_at": instant("2026-01-01T00:00:00"),
        "country": "DE",
        "utm_source": "google",
        "referrer_host": "www.example.org",
    },
    ("raw_app", "agents"): {"id": "ag1", "account_id": "acc1", "created_at": instant("2026-01-02T00:00:00")},
    ("raw_spend", "google_ads"): {
        "spend_date": date(2026, 11, 19),
        "customer_id": "123",
        "currency": "EUR",
        "campaign_id": "77",
        "cost_micros": 1_250_000,
        "clicks": 4,
        "impressions": 100,
        "conversions": "0.5",
        "source_file": DAY,
        "row_number": 1,
    },
    ("raw_spend", "costs"): {
        "cost_date": date(2026, 11, 19),
        "channel": "content_marketing",
        "vendor": "writer",
        "amount": "-12.50",
        "currency": "EUR",
        "source_file": DAY,
        "row_number": 1,
    },
    ("raw_spend", "wordpress_plugin"): {
        "stat_date": date(2026, 11, 19),
        "slug": "netvexa",
        "active_installs": 400,
        "downloads": 12,
        "source_file": DAY,
        "row_number": 1,
    },
    ("raw_rates", "ecb"): {
        "rate_date": date(2026, 11, 19),
        "currency": "USD",
        "rate": "1.0825",
        "source_file": DAY,
    },
    **{
        table.asset: {
            "id": "obj_1",
            "created_at": instant("2026-01-01T00:00:00"),
            "livemode": True,
            "read_at": instant("2026-11-20T02:00:00"),
            "payload": '{"id": "obj_1"}',
            **({"type": "customer.created", "object_id": "obj_1"} if table.asset[1] == "events" else {}),
        }
        for table in RAW_TABLES
        if table.asset[0] == "raw_stripe"
    },
}

Stage = Callable[..., BatchFile]
ProfileOf = Callable[..., Profile]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Write rows (each over the good row of its table) as one staged partition."""

    def write(
        asset: Asset,
        *changes: Mapping[str, Any],
        value: str = DAY,
        columns: Mapping[str, str] | None = None,
        source_rows: int | None = None,
        quarantined_rows: int = 0,
    ) -> BatchFile:
        table = next(table for table in RAW_TABLES if table.asset == asset)
        types = dict(columns or table.columns)
        path = tmp_path / quote("-".join((*asset, value)), safe="") / "data.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            described = ", ".join(f'"{name}" {type_}' for name, type_ in types.items())
            connection.execute(f"create table staged ({described})")
            for change in changes:
                row = {**GOOD_ROWS[asset], **change}
                marks = ", ".join("?" for _ in types)
                connection.execute(f"insert into staged values ({marks})", [row.get(name) for name in types])
            connection.execute(f"copy staged to '{path}' (format parquet)")
        return BatchFile(
            source=asset[0].removeprefix("raw_"),
            table=asset[1],
            partition_key="received_date",
            partition_value=value,
            path=path,
            source_rows=len(changes) + quarantined_rows if source_rows is None else source_rows,
            landed_rows=len(changes),
            quarantined_rows=quarantined_rows,
        )

    return write


@pytest.fixture
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def profile_of(memory: duckdb.DuckDBPyConnection) -> ProfileOf:
    """The profile of staged batches of one table, without Great Expectations."""

    def measure(batches: Sequence[BatchFile], previous: Sequence[PartitionCount] = ()) -> Profile:
        asset = batches[0].asset
        table = next(table for table in RAW_TABLES if table.asset == asset)
        return BatchScan(memory, table, batches).profile(batch_rules_by_asset()[asset], previous)

    return measure


# One good row of every mart, and how its columns are declared.
GOOD_MARTS: dict[str, str] = {
    "fct_conversations": """
        select 'c1' as conversation_id, timestamptz '2026-11-21 10:00:00+00' as started_at,
            timestamptz '2026-11-21 10:05:00+00' as ended_at, date '2026-11-21' as started_date, true as has_lead,
            73.5::decimal(18, 1) as quality_score, 300::bigint as duration_seconds, 4::bigint as message_count,
            2::bigint as visitor_message_count, 2::bigint as agent_message_count, 1::bigint as lead_count,
            2::bigint as rated_response_count, 1::bigint as accurate_response_count""",
    "fct_agent_ttfv": """
        select 'ag1' as agent_id, timestamptz '2026-11-20 10:00:00+00' as created_at, date '2026-11-16' as created_week,
            timestamptz '2026-11-21 10:00:00+00' as first_conversation_at, 24::decimal(18, 2) as ttfv_hours,
            false as is_within_target""",
    "fct_agent_days": """
        select 'ag1' as agent_id, date '2026-11-21' as activity_date, 1::bigint as conversation_count,
            4::bigint as message_count, 1::bigint as lead_count""",
    "weekly_active_agents": """
        select day::date as activity_date, 1::bigint as active_agents, 42::bigint as conversation_count,
            42::decimal(18, 4) as conversations_per_active_agent
        from range(date '2026-11-19', date '2026-11-22', interval 1 day) as days(day)""",
    "fct_mrr_movements": """
        select 'acc1' as account_id, 'EUR' as currency, timestamptz '2026-10-01 10:00:00+00' as effective_at,
            date '2026-10-01' as effective_date, 'new' as movement_type, 0::decimal(18, 4) as mrr_before,
            99::decimal(18, 4) as mrr_after, 99::decimal(18, 4) as mrr_delta""",
    "fct_mrr_account_months": """
        select 'acc1' as account_id, date '2026-10-01' as mrr_month, 99::decimal(18, 4) as mrr_eur,
            99::decimal(18, 4) as mrr_billed_eur, 'new' as movement_type""",
    "mrr_daily": """
        select day::date as date, 99::decimal(18, 4) as mrr_eur, 1188::decimal(18, 4) as arr_eur,
            1::bigint as paying_accounts
        from range(date '2026-10-01', date '2026-11-22', interval 1 day) as days(day)""",
    "revenue_monthly": """
        select month::date as revenue_month, month < date '2026-11-01' as is_complete,
            99::decimal(18, 4) as committed_mrr_eur, 1188::decimal(18, 4) as arr_eur,
            0::decimal(18, 4) as contraction_mrr_eur, 0::decimal(18, 4) as churn_mrr_eur,
            null::decimal(18, 6) as quick_ratio, 0::decimal(18, 6) as customer_churn_ratio,
            0::decimal(18, 6) as gross_mrr_churn_ratio, 0::decimal(18, 4) as opening_mrr_eur,
            99::decimal(18, 4) as new_mrr_eur, 0::decimal(18, 4) as expansion_mrr_eur,
            0::decimal(18, 4) as reactivation_mrr_eur, 99::decimal(18, 4) as closing_mrr_eur,
            0::bigint as opening_accounts, 1::bigint as new_accounts, 0::bigint as reactivated_accounts,
            0::bigint as churned_accounts, 1::bigint as paying_accounts
        from range(date '2026-10-01', date '2026-11-02', interval 1 month) as months(month)""",
    "conversation_quality_daily": """
        select date '2026-11-21' as activity_date, 1::bigint as conversation_count,
            73.5::decimal(18, 4) as avg_quality_score, 0.5::decimal(18, 6) as response_accuracy_ratio""",
    "ttfv_weekly": """
        select date '2026-11-16' as created_week, 2::bigint as agents_created, 1::bigint as agents_with_value,
            null::decimal(18, 6) as within_target_ratio, 24::decimal(18, 4) as median_ttfv_hours""",
    "fct_revenue_lines": """
        select 'il_1' as revenue_line_id, 'recurring' as revenue_type, 'charge' as line_kind,
            date '2026-11-01' as revenue_date""",
    "plan_mix_monthly": """
        select date '2026-11-01' as revenue_month, 'starter' as plan, 1::bigint as paying_accounts,
            1::decimal(18, 6) as accounts_ratio""",
    "revenue_mix_monthly": "select date '2026-11-01' as revenue_month, 'recurring' as revenue_type",
    "churn_cohorts": """
        select date '2026-10-01' as cohort_month, months_since, 1::bigint as cohort_accounts,
            1::bigint as retained_accounts, 1::decimal(18, 6) as retention_ratio
        from range(2) as months(months_since)""",
    "kpi_daily": """
        select day::date as as_of_date, metric, 99::decimal(18, 6) as value, 'eur' as unit,
            null::decimal(18, 6) as target, null::boolean as is_on_target
        from range(date '2026-11-20', date '2026-11-22', interval 1 day) as days(day),
            (values ('mrr_eur'), ('arr_eur')) as metrics(metric)""",
    "fct_trials": """
        select 'acc1' as account_id, timestamptz '2026-10-01 10:00:00+00' as trial_started_at,
            date '2026-10-01' as cohort_month, timestamptz '2026-10-11 10:00:00+00' as converted_at,
            true as is_converted, 10::bigint as days_to_convert, true as is_matured,
            'google_ads' as acquisition_channel""",
    "activation_monthly": """
        select date '2026-10-01' as cohort_month, channel as acquisition_channel, 2::bigint as trial_count,
            1::bigint as converted_count, 0.5::decimal(18, 6) as activation_ratio, 2::bigint as matured_count,
            10::decimal(18, 4) as median_days_to_convert
        from (values ('google_ads'), ('all')) as channels(channel)""",
    "activation_rolling": """
        select day::date as activity_date, 2::bigint as trials_ended_30d, 1::bigint as conversions_30d,
            0.5::decimal(18, 6) as conversion_ratio_30d
        from range(date '2026-11-19', date '2026-11-22', interval 1 day) as days(day)""",
    "fct_spend_daily": """
        select date '2026-11-20' as spend_date, 'google_ads' as channel, 'google_ads' as vendor,
            10::decimal(18, 4) as spend_eur, 4::bigint as clicks, 100::bigint as impressions,
            0.5::decimal(18, 6) as conversions_reported""",
    "cac_monthly": """
        select date '2026-11-01' as cac_month, channel, 10::decimal(18, 4) as spend_eur, 2::bigint as trial_count,
            1::bigint as new_paying_accounts, 10::decimal(18, 4) as cac_eur, 5::decimal(18, 4) as cost_per_trial_eur
        from (values ('google_ads'), ('blended')) as channels(channel)""",
    "dim_accounts": """
        select 'acc1' as account_id, timestamptz '2026-09-30 10:00:00+00' as created_at,
            'google_ads' as acquisition_channel, 'paying' as status, 'starter' as plan,
            timestamptz '2026-10-01 10:00:00+00' as first_mrr_at, null::timestamptz as churned_at,
            99::decimal(18, 4) as mrr_eur""",
    "dim_agents": """
        select 'ag1' as agent_id, 'acc1' as account_id, timestamptz '2026-11-20 10:00:00+00' as created_at,
            null::timestamptz as deleted_at""",
    "dim_plans": """
        select plan, upper(plan) as label, sort
        from (values ('starter', 1), ('professional', 2), ('enterprise', 3), ('other', 4)) as plans(plan, sort)""",
    "dim_channels": """
        select channel, upper(channel) as label, sort
        from (values ('organic_search', 1), ('wordpress_plugin', 2), ('google_ads', 3), ('content_marketing', 4),
            ('other', 5)) as channels(channel, sort)""",
    "dim_dates": """
        select day::date as date, date_trunc('week', day)::date as week, date_trunc('month', day)::date as month,
            date_trunc('quarter', day)::date as quarter, date_trunc('year', day)::date as year,
            isodow(day) > 5 as is_weekend
        from range(date '2026-10-01', date '2026-11-22', interval 1 day) as days(day)""",
    "integrity_report": """
        select 'closing_is_closing' as name, 'all' as subject, '3.2' as identity, 99::decimal(18, 4) as left_value,
            99::decimal(18, 4) as right_value, 0::decimal(18, 4) as difference, 'holds' as verdict,
            2::bigint as row_count, 0::bigint as differing_row_count""",
}


@pytest.fixture
def warehouse(memory: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Schema `marts` with one good mart of each kind."""
    memory.execute("create schema marts")
    memory.execute("create schema staging")
    memory.execute("set timezone = 'UTC'")
    for name, query in GOOD_MARTS.items():
        memory.execute(f"create table marts.{name} as {query}")
    return memory


@pytest.fixture
def mart_profile(warehouse: duckdb.DuckDBPyConnection) -> Callable[..., Profile]:
    """The profile of one mart, after `change` (SQL) was made to it."""

    def measure(name: str, change: str = "", expected: Sequence[str] = ()) -> Profile:
        if change:
            warehouse.execute(change)
        mart = next(mart for mart in MART_CONTRACTS if mart.name == name)
        return MartScan(warehouse, mart, AS_OF).profile(expected)

    return measure
