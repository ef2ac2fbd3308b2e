-- METRICS 2.1: agents counted by the Monday they follow, the percentiles by the engine's own.
{{ config(meta={"dagster": {"ref": {"name": "ttfv_weekly"}}}) }}

with

weeks as (
    select * from {{ ref('ttfv_weekly') }}
),

agents as (
    select
        *,
        {{ monday_of(local_date('created_at')) }} as monday
    from {{ ref('fct_agent_ttfv') }}
),

reckoned as (
    select
        monday as created_week,
        count(*) as agents_created,
        count(*) filter (where first_conversation_at is not null) as agents_with_value,
        count(*) filter (where is_within_target is not null) as agents_decided,
        count(*) filter (where is_within_target) as agents_within_target,
        {{ continuous_percentile('ttfv_hours', 0.5) }} as median_ttfv_hours,
        {{ continuous_percentile('ttfv_hours', 0.9) }} as p90_ttfv_hours
    from agents
    group by monday
)

select *
from weeks
full outer join reckoned
    on weeks.created_week = reckoned.created_week
where {{ differs(
    'weeks', 'reckoned', 'created_week',
    ['agents_created', 'agents_with_value', 'agents_decided', 'agents_within_target', 'median_ttfv_hours', 'p90_ttfv_hours']
) }}
