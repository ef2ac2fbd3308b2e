with

deliveries as (
    select
        *,
        {{ delivery_number() }} as delivery_number
    from {{ source('raw_app', 'events') }}
),

conversations as (
    select * from {{ ref('int_conversations__summarised') }}
),

trials as (
    select * from {{ ref('int_accounts__trials') }}
),

-- By the first reason that holds. Deliveries after the run's instant are the latest of their id.
unused_deliveries as (
    select
        case
            when deliveries.received_at >= {{ run_instant() }} then 'waiting'
            when deliveries.delivery_number > 1 then 'duplicate'
            when deliveries.occurred_at >= {{ as_of_end() }} then 'waiting'
            when deliveries.event_type not in {{ conversation_event_types() }} and trials.event_id is null then 'unused'
        end as reason
    from deliveries
    left join trials on deliveries.id = trials.event_id
),

by_delivery as (
    select
        reason,
        count(*) as event_count
    from unused_deliveries
    where reason is not null
    group by reason
),

by_conversation as (
    select
        set_aside_reason as reason,
        sum(event_count) as event_count
    from conversations
    where set_aside_reason is not null
    group by set_aside_reason
),

reasons as (
    select * from by_delivery
    union all
    select * from by_conversation
)

select
    reason,
    cast(event_count as bigint) as event_count
from reasons
