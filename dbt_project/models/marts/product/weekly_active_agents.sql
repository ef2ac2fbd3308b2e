with

agent_days as (
    select * from {{ ref('fct_agent_days') }}
),

bounds as (
    select min(activity_date) as first_date
    from agent_days
),

days as (
    select {{ each_day('first_date', as_of_date()) }} as activity_date
    from bounds
    where first_date is not null
),

windows as (
    select
        days.activity_date,
        count(distinct agent_days.agent_id) as active_agents,
        cast(coalesce(sum(agent_days.conversation_count), 0) as bigint) as conversation_count
    from days
    left join agent_days
        on
            agent_days.activity_date <= days.activity_date
            and agent_days.activity_date > {{ add_days('days.activity_date', -7) }}
    group by days.activity_date
)

select
    activity_date,
    active_agents,
    conversation_count,
    {{ quotient('conversation_count', 'active_agents') }} as conversations_per_active_agent
from windows
