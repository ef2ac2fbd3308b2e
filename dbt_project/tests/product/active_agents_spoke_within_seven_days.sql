-- METRICS 2.1: each conversation spread over the seven days that it counts in, and these counted; every day since the first has a row.
{{ config(meta={"dagster": {"ref": {"name": "weekly_active_agents"}}}) }}

with

weekly as (
    select * from {{ ref('weekly_active_agents') }}
),

conversations as (
    select
        agent_id,
        started_date,
        1 as conversation_count
    from {{ ref('fct_conversations') }}
    union all
    select
        agent_id,
        activity_date as started_date,
        conversation_count
    from {{ ref('stg_folded__agent_days') }}
),

spread as (
    select
        agent_id,
        conversation_count,
        {{ each_day('started_date', "least(" ~ add_days('started_date', 6) ~ ", " ~ as_of_date() ~ ")") }} as activity_date
    from conversations
),

counted as (
    select
        activity_date,
        count(distinct agent_id) as active_agents,
        sum(conversation_count) as conversation_count
    from spread
    group by activity_date
),

days as (
    select {{ each_day('min(started_date)', as_of_date()) }} as activity_date
    from conversations
),

reckoned as (
    select
        days.activity_date,
        coalesce(counted.active_agents, 0) as active_agents,
        coalesce(counted.conversation_count, 0) as conversation_count
    from days
    left join counted on days.activity_date = counted.activity_date
)

select *
from weekly
full outer join reckoned
    on weekly.activity_date = reckoned.activity_date
where {{ differs('weekly', 'reckoned', 'activity_date', ['active_agents', 'conversation_count']) }}
