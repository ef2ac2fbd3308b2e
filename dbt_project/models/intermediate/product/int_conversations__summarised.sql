with

events as (
    select *
    from {{ ref('stg_app__events') }}
    where event_type in {{ conversation_event_types() }}
),

-- The one reading of the events; everything about conversations comes from here.
summed as (
    select
        conversation_id,
        min(
            case
                when event_type = 'conversation_started'
                    then {{ record(['occurred_at', 'received_at', 'event_id', 'agent_id', 'account_id', 'visitor_token', 'is_test']) }}
            end
        ) as earliest_start,
        max(case when event_type = 'conversation_ended' then occurred_at end) as latest_end_at,
        max(occurred_at) as last_event_at,
        count(*) as event_count,
        count(case when event_type = 'message_sent' then 1 end) as message_count,
        count(case when event_type = 'message_sent' and sender = 'visitor' then 1 end) as visitor_message_count,
        count(case when event_type = 'message_sent' and sender = 'agent' then 1 end) as agent_message_count,
        count(case when event_type = 'lead_captured' then 1 end) as lead_count,
        count(case when event_type = 'response_rated' then is_accurate end) as rated_response_count,
        count(case when event_type = 'response_rated' and is_accurate then 1 end) as accurate_response_count
    from events
    group by conversation_id
)

select
    conversation_id,
    earliest_start.agent_id as agent_id,
    earliest_start.account_id as account_id,
    earliest_start.visitor_token as visitor_token,
    earliest_start.occurred_at as started_at,
    coalesce(latest_end_at, last_event_at) as ended_at,
    case
        when earliest_start is null then 'no_start'
        when earliest_start.is_test then 'test'
    end as set_aside_reason,
    event_count,
    message_count,
    visitor_message_count,
    agent_message_count,
    lead_count,
    rated_response_count,
    accurate_response_count
from summed
