with

agents as (
    select *
    from {{ ref('stg_app__agents') }}
    where created_at < {{ as_of_end() }}
),

agent_days as (
    select * from {{ ref('int_agent_days__summed') }}
),

first_conversations as (
    select
        agent_id,
        min(first_started_at) as first_conversation_at
    from agent_days
    group by agent_id
),

timed as (
    select
        agents.agent_id,
        agents.account_id,
        agents.created_at,
        first_conversations.first_conversation_at,
        {{ microseconds_between('agents.created_at', 'first_conversations.first_conversation_at') }} as microseconds_to_value,
        {{ microseconds_between('agents.created_at', as_of_end()) }} as microseconds_of_age
    from agents
    left join first_conversations on agents.agent_id = first_conversations.agent_id
),

-- A conversation before the agent's creation is a skewed clock, not a negative wait: 0. 24 hours are 86,400,000,000 microseconds.
judged as (
    select
        *,
        {{ divide_half_away("greatest(microseconds_to_value, 0)", "36000000") }} as hundredths_of_hours,
        case
            when microseconds_to_value is not null then microseconds_to_value < 86400000000
            when microseconds_of_age >= 86400000000 then false
        end as is_within_target
    from timed
)

select
    agent_id,
    account_id,
    created_at,
    {{ week_of(local_date('created_at')) }} as created_week,
    first_conversation_at,
    case
        when microseconds_to_value is not null
            then cast(cast(hundredths_of_hours as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))
    end as ttfv_hours,
    is_within_target
from judged
