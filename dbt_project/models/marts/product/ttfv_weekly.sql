with

agents as (
    select * from {{ ref('fct_agent_ttfv') }}
),

-- Agents without value sort last and are left out of the count that the percentiles are taken over.
ranked as (
    select
        *,
        row_number() over (partition by created_week order by ttfv_hours nulls last, agent_id) as position,
        count(ttfv_hours) over (partition by created_week) as value_count
    from agents
),

weekly as (
    select
        created_week,
        count(*) as agents_created,
        count(ttfv_hours) as agents_with_value,
        count(is_within_target) as agents_decided,
        count(case when is_within_target then 1 end) as agents_within_target,
        {{ percentile_of_ranked('ttfv_hours', 'position', 'value_count', 5) }} as median_ttfv_hours,
        {{ percentile_of_ranked('ttfv_hours', 'position', 'value_count', 9) }} as p90_ttfv_hours
    from ranked
    group by created_week
)

select
    created_week,
    agents_created,
    agents_with_value,
    agents_decided,
    agents_within_target,
    {{ ratio('agents_within_target', 'agents_decided') }} as within_target_ratio,
    median_ttfv_hours,
    p90_ttfv_hours
from weekly
