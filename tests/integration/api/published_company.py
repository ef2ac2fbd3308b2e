"""A small company as dbt leaves it, with the real project's definitions, published for the API to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from serving.catalog import definitions_from_manifest
from serving.headline import READING_ORDER
from serving.publish import publish
from serving.version import Version

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
AS_OF = date(2026, 11, 21)
FIRST_NIGHT = datetime(2026, 11, 22, 2, 0, 4, tzinfo=UTC)

# Names that break what writes them carelessly: quotes, a separator, a line break, an empty text, a formula.
VENDORS = ("Google", 'Müller, "Söhne"', "two\nlines", "", "=1+1")

_MARTS = """
    insert into marts.weekly_active_agents by name
        select date '2026-03-01' + cast(i as integer) as activity_date, 8 + i % 30 as active_agents,
            42 * (8 + i % 30) + i as conversation_count,
            cast(42 + i / 1000 as decimal(18, 4)) as conversations_per_active_agent
        from range(266) as days(i);
    insert into marts.revenue_monthly by name
        select cast(date '2025-10-01' + to_months(cast(i as integer)) as date) as revenue_month, i < 13 as is_complete,
            cast({mrr} + 100 * i as decimal(18, 4)) as closing_mrr_eur, cast(99.9999 as decimal(18, 4)) as new_mrr_eur,
            cast(-0.0001 as decimal(18, 4)) as churn_mrr_eur, 40 + i as paying_accounts, 12 as new_accounts,
            40 + i as opening_accounts, 0 as churned_accounts, 0 as reactivated_accounts,
            0 as started_and_churned_accounts, cast(189 as decimal(18, 4)) as arpu_eur,
            cast(0.153 as decimal(18, 6)) as mrr_growth_ratio
        from range(14) as months(i);
    insert into marts.activation_monthly by name
        select cast(date '2025-10-01' + to_months(cast(i as integer)) as date) as cohort_month,
            channel as acquisition_channel, trials as trial_count, trials - 13 as converted_count,
            cast((trials - 13) / trials as decimal(18, 6)) as activation_ratio, trials as matured_count,
            i < 12 as is_matured, cast(9.5 as decimal(18, 4)) as median_days_to_convert
        from range(14) as months(i),
            (values ('all', 90), ('google_ads', 40), ('organic_search', 50)) as channels(channel, trials);
    insert into marts.cac_monthly by name
        select cast(date '2025-10-01' + to_months(cast(i as integer)) as date) as cac_month, channel,
            cast(spend + i as decimal(18, 4)) as spend_eur, 90 as trial_count, 30 + i as new_paying_accounts,
            cast(15.42 as decimal(18, 4)) as cac_eur, cast(5.14 as decimal(18, 4)) as cost_per_trial_eur
        from range(14) as months(i),
            (values ('blended', 462.6), ('google_ads', 400.1), ('organic_search', 62.5)) as channels(channel, spend);
    insert into marts.churn_cohorts by name
        select cast(date '2025-10-01' + to_months(cast(i as integer)) as date) as cohort_month, m as months_since,
            100 as cohort_accounts, cast(100 - 5 * m as bigint) as retained_accounts,
            cast(1 - 0.05 * m as decimal(18, 6)) as retention_ratio,
            case when m = 0 then 0 else 5 end as churned_accounts,
            cast(case when m > 0 then 0.05 end as decimal(18, 6)) as churn_ratio,
            cast({mrr} * 10 as decimal(18, 4)) as retained_mrr_eur, cast(1 as decimal(18, 6)) as mrr_retention_ratio,
            cast(18900 * (m + 1) as decimal(18, 4)) as cumulative_revenue_eur,
            cast(189 * (m + 1) as decimal(18, 4)) as cumulative_revenue_per_account_eur
        from range(14) as months(i), range(14) as later(m) where i + m < 14;
    insert into marts.fct_agent_ttfv by name
        select 'agent-' || i as agent_id, 'account-' || (i % 20) as account_id,
            timestamptz '2026-10-01 08:00:00+00' + to_hours(cast(i as integer)) as created_at,
            date '2026-09-28' as created_week,
            case when i > 0 then timestamptz '2026-10-03 09:30:00.123456+00' end as first_conversation_at,
            cast(case when i > 0 then 49.5 end as decimal(18, 2)) as ttfv_hours, i = 7 as is_within_target
        from range(30) as agents(i);
    insert into marts.fct_conversations by name
        select 'conversation-' || i as conversation_id, 'agent-' || (i % 30) as agent_id,
            'account-' || (i % 20) as account_id, 'k1_' || md5(i::varchar) as visitor_token,
            timestamptz '2026-11-01 23:30:00+00' as started_at, date '2026-11-02' as started_date,
            timestamptz '2026-11-01 23:33:20+00' as ended_at, 200 as duration_seconds, 9 as message_count,
            5 as visitor_message_count, 4 as agent_message_count, 1 as lead_count, true as has_lead,
            2 as rated_response_count, 1 as accurate_response_count, cast(86.0 as decimal(18, 1)) as quality_score
        from range(300) as conversations(i);
    insert into marts.fct_agent_days by name
        select 'agent-' || i as agent_id, 'account-' || (i % 20) as account_id, day as activity_date,
            1 as conversation_count, messages as message_count, 0 as lead_count
        from range(30) as agents(i),
            (values (date '2025-12-28', 1), (date '2025-12-29', 2), (date '2025-12-31', 4), (date '2026-01-01', 8),
                (date '2026-01-04', 16), (date '2026-01-05', 32), (date '2026-03-29', 64)) as days(day, messages);
    insert into marts.mrr_daily by name
        select date '2026-01-01' + cast(i as integer) as date, cast({mrr} + i as decimal(18, 4)) as mrr_eur,
            cast(12 * ({mrr} + i) as decimal(18, 4)) as arr_eur, 50 as paying_accounts
        from range(325) as days(i);
    insert into marts.fct_mrr_movements by name
        select 'account-' || i as account_id, 'EUR' as currency, timestamptz '2026-10-02 10:00:00+00' as effective_at,
            date '2026-10-02' as effective_date, 'new' as movement_type, 0 as mrr_before, 99 as mrr_after,
            99 as mrr_delta, cast(99 as decimal(18, 4)) as mrr_delta_eur,
            case i % 3 when 0 then 'starter' when 1 then 'professional' end as plan, false as is_involuntary,
            false as is_inferred
        from range(60) as movements(i);
"""


def project_definitions(target: Path) -> dict[str, Any]:
    """What the project in the checkout says of its marts; dbt writes into `target`."""
    from dbt.cli.main import dbtRunner  # 3 s of imports

    flags = ["--log-level", "none", "--no-partial-parse", "--no-version-check", "--log-path", str(target)]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    outcome = dbtRunner().invoke([*flags, "parse", *places])
    assert outcome.success, outcome.exception
    return definitions_from_manifest(json.loads((target / "manifest.json").read_text(encoding="utf-8")))


def write_warehouse(path: Path, definitions: Mapping[str, Any], mrr: int = 24_500) -> None:
    """Every mart of the project with its own columns and types; those that the API's routes read have rows."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema marts")
        for model, described in definitions["models"].items():
            columns = ", ".join(
                f'"{name}" {column["data_type"] or "varchar"}' for name, column in described["columns"].items()
            )
            connection.execute(f'create table marts."{model}" ({columns})')
        connection.execute(_MARTS.format(mrr=mrr))
        connection.executemany(
            "insert into marts.fct_spend_daily by name select ?::date as spend_date, ? as channel, ? as vendor,"
            " ?::decimal(18, 4) as spend_eur, ?::bigint as clicks",
            [
                [
                    AS_OF - timedelta(days=days),
                    "google_ads" if number % 2 else "other",
                    vendor,
                    f"{days}.{number}",
                    days,
                ]
                for days in range(40)
                for number, vendor in enumerate(VENDORS)
            ],
        )
        for days in range(2):
            connection.executemany(
                "insert into marts.kpi_daily by name select ?::date as as_of_date, ? as metric, ?::decimal(18, 6)"
                " as value, 'eur' as unit, 20::decimal(18, 6) as target, true as is_on_target",
                [[AS_OF - timedelta(days=days), metric, place - days] for place, metric in enumerate(READING_ORDER)],
            )
        connection.execute("insert into marts.kpi_targets by name select 'quick_ratio' as metric, '>=' as comparator")


def publish_company(  # noqa: PLR0913 - what a test may want otherwise
    folder: Path,
    definitions: Mapping[str, Any],
    *,
    minutes: int = 0,
    mrr: int = 24_500,
    keep: int = 7,
    catalog: Mapping[str, Any] | None = None,
) -> Version:
    """Publish the company into `folder/published`, `minutes` after the first night. catalog: published with it."""
    warehouse = folder / "warehouse.duckdb"
    write_warehouse(warehouse, definitions, mrr)
    return publish(
        warehouse,
        folder / "published",
        run_id=f"run-{minutes}",
        run_instant=FIRST_NIGHT,
        as_of_date=AS_OF,
        definitions=definitions if catalog is None else catalog,
        published_at=FIRST_NIGHT + timedelta(minutes=minutes),
        keep=keep,
    )
