-- METRICS 2.1: tonight's conversations, counted again event by event: no groups, no sums of sums.
{{ config(meta={"dagster": {"ref": {"name": "fct_conversations"}}}) }}

with

to_rebuild as (
    select * from {{ ref('int_event_groups__to_rebuild') }}
),

places as (
    select distinct unnest(received_dates) as received_date
    from to_rebuild
),

deliveries as (
    select *
    from {{ source('raw_app', 'events') }}
    where
        received_date in (select received_date from places)
        and received_at < {{ run_instant() }}
        and {{ stands() }}
        and not {{ counted_in_a_fold() }}
),

events as (
    select *
    from deliveries
    qualify {{ delivery_number() }} = 1
),

tonights as (
    select {{ conversation_of('event_group') }} as conversation_id
    from to_rebuild
    where event_group like 'conversation %'
),

conversation_events as (
    select *
    from events
    where
        event_type in {{ conversation_event_types() }}
        and occurred_at < {{ as_of_end() }}
        and conversation_id in (select conversation_id from tonights)
),

starts as (
    select
        conversation_id,
        agent_id,
        account_id,
        visitor_token,
        occurred_at as started_at,
        is_test
    from conversation_events
    where event_type = 'conversation_started'
    qualify row_number() over (partition by conversation_id order by occurred_at, received_at, id) = 1
),

counted as (
    select
        conversation_id,
        coalesce(max(occurred_at) filter (where event_type = 'conversation_ended'), max(occurred_at)) as ended_at,
        count(*) filter (where event_type = 'message_sent') as message_count,
        count(*) filter (where event_type = 'message_sent' and sender = 'visitor') as visitor_message_count,
        count(*) filter (where event_type = 'message_sent' and sender = 'agent') as agent_message_count,
        count(*) filter (where event_type = 'lead_captured') as lead_count,
        count(*) filter (where event_type = 'response_rated' and is_accurate is not null) as rated_response_count,
        count(*) filter (where event_type = 'response_rated' and is_accurate) as accurate_response_count
    from conversation_events
    group by conversation_id
),

reckoned as (
    select
        starts.*,
        counted.* exclude (conversation_id)
    from starts
    inner join counted on starts.conversation_id = counted.conversation_id
    where starts.is_test is not true
),

conversations as (
    select *
    from {{ ref('fct_conversations') }}
    where conversation_id in (select conversation_id from tonights)
)

select *
from conversations
full outer join reckoned
    on conversations.conversation_id = reckoned.conversation_id
where {{ differs(
    'conversations', 'reckoned', 'conversation_id',
    [
        'agent_id', 'account_id', 'visitor_token', 'started_at', 'ended_at', 'message_count', 'visitor_message_count',
        'agent_message_count', 'lead_count', 'rated_response_count', 'accurate_response_count'
    ]
) }}
