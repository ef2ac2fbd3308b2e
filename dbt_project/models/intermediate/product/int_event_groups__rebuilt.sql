with

to_rebuild as (
    select
        event_group,
        {{ conversation_of('event_group') }} as conversation_id,
        former_dates
    from {{ ref('int_event_groups__to_rebuild') }}
),

places as (
    select distinct unnest(received_dates) as received_date
    from {{ ref('int_event_groups__to_rebuild') }}
),

partitions as (
    select
        received_date,
        checksum
    from {{ ref('int_event_days__standing') }}
),

-- Only the partitions the groups lie in, but each of them whole: an id's other deliveries decide which one counts.
{{ judged_deliveries(of_groups='to_rebuild') }},

summed as (
    select
        event_group,
        min(received_date) as first_received_date,
        min(
            case
                when verdict = 'counted' and event_type = 'conversation_started'
                    then {{ record(['occurred_at', 'received_at', 'event_id', 'agent_id', 'account_id', 'visitor_token', 'is_test']) }}
            end
        ) as earliest_start,
        max(case when verdict = 'counted' and event_type = 'conversation_ended' then occurred_at end) as latest_end_at,
        max(case when verdict = 'counted' then occurred_at end) as last_event_at,
        count(case when verdict = 'counted' then 1 end) as event_count,
        count(case when verdict = 'waiting' then 1 end) as waiting_count,
        count(case when verdict = 'duplicate' then 1 end) as duplicate_count,
        min(
            case
                when received_at >= {{ run_instant() }} then received_at
                when verdict = 'waiting' then occurred_at
            end
        ) as waits_until,
        count(case when verdict = 'counted' and event_type = 'message_sent' then 1 end) as message_count,
        count(case when verdict = 'counted' and event_type = 'message_sent' and sender = 'visitor' then 1 end) as visitor_message_count,
        count(case when verdict = 'counted' and event_type = 'message_sent' and sender = 'agent' then 1 end) as agent_message_count,
        count(case when verdict = 'counted' and event_type = 'lead_captured' then 1 end) as lead_count,
        count(case when verdict = 'counted' and event_type = 'response_rated' then is_accurate end) as rated_response_count,
        count(case when verdict = 'counted' and event_type = 'response_rated' and is_accurate then 1 end) as accurate_response_count,
        list(
            {{ record(['event_id', 'event_type', 'account_id', 'occurred_at', 'received_at', 'trial_days']) }} order by id
        ) filter (where verdict = 'counted' and event_type in ('trial_started', 'trial_converted')) as trial_events
    from judged
    group by event_group
),

-- An id that was delivered under two groups ties each to the other's partition: a change there decides here.
dependencies as (
    select
        event_group,
        received_date
    from judged
    union
    select
        one.event_group,
        other.received_date
    from repeated_deliveries as one
    inner join repeated_deliveries as other on one.id = other.id
),

built_from as (
    select
        dependencies.event_group,
        list({{ record(['received_date', 'checksum'], 'partitions') }} order by partitions.received_date) as built_from
    from dependencies
    inner join partitions on dependencies.received_date = partitions.received_date
    group by dependencies.event_group
),

-- A group that nothing is left of stays, empty: what was made of it before has to go.
completed as (
    select
        to_rebuild.event_group,
        to_rebuild.conversation_id,
        to_rebuild.former_dates,
        summed.earliest_start,
        coalesce(summed.latest_end_at, summed.last_event_at) as ended_at,
        case
            when summed.earliest_start.is_test then 'test'
            when summed.earliest_start is null and to_rebuild.conversation_id is not null then 'no_start'
        end as set_aside_reason,
        summed.waits_until,
        summed.first_received_date,
        coalesce(summed.event_count, 0) as event_count,
        coalesce(summed.waiting_count, 0) as waiting_count,
        coalesce(summed.duplicate_count, 0) as duplicate_count,
        coalesce(summed.message_count, 0) as message_count,
        coalesce(summed.visitor_message_count, 0) as visitor_message_count,
        coalesce(summed.agent_message_count, 0) as agent_message_count,
        coalesce(summed.lead_count, 0) as lead_count,
        coalesce(summed.rated_response_count, 0) as rated_response_count,
        coalesce(summed.accurate_response_count, 0) as accurate_response_count,
        coalesce(summed.trial_events, []) as trial_events,
        coalesce(built_from.built_from, []) as built_from,
        case
            when summed.earliest_start.is_test or summed.earliest_start is null then null
            else {{ local_date('summed.earliest_start.occurred_at') }}
        end as counted_date
    from to_rebuild
    left join summed on to_rebuild.event_group = summed.event_group
    left join built_from on to_rebuild.event_group = built_from.event_group
)

select
    event_group,
    conversation_id,
    earliest_start.agent_id as agent_id,
    earliest_start.account_id as account_id,
    earliest_start.visitor_token as visitor_token,
    earliest_start.occurred_at as started_at,
    ended_at,
    set_aside_reason,
    event_count,
    waiting_count,
    duplicate_count,
    message_count,
    visitor_message_count,
    agent_message_count,
    lead_count,
    rated_response_count,
    accurate_response_count,
    trial_events,
    first_received_date,
    counted_date,
    case
        when counted_date is null then former_dates
        else list_sort(list_distinct(list_append(former_dates, counted_date)))
    end as affected_dates,
    waits_until,
    built_from,
    cast('{{ event_group_settings() }}' as varchar) as built_with,
    {{ run_instant() }} as built_at,
    cast('{{ invocation_id }}' as varchar) as build_id
from completed
