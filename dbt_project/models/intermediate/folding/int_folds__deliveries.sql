{{ config(materialized="view") }}

with

leaving as (
    {{ leaving_event_groups() }}
),

places as (
    select distinct unnest(list_transform(built_from, lambda place : place.received_date)) as received_date
    from leaving
),

{{ judged_deliveries(of_groups='leaving') }},

of_leaving_groups as (
    select
        judged.event_id,
        judged.event_group,
        judged.account_id,
        judged.received_date,
        leaving.folded_date,
        case
            when judged.verdict = 'duplicate' then 'duplicate'
            else coalesce(leaving.set_aside_reason, case when leaving.conversation_id is null then 'other' else 'conversation' end)
        end as reason
    from judged
    inner join leaving on judged.event_group = leaving.event_group
    where judged.verdict <> 'waiting'
),

-- Ids whose first delivery is counted with this fold, or was counted with an earlier one and leaves with its own day now.
settled_ids as (
    select
        event_id,
        folded_date
    from of_leaving_groups
    where reason <> 'duplicate'
    union all
    select
        event_id,
        received_date as folded_date
    from {{ ref('stg_folded__deliveries') }}
    where received_date <= '{{ var("events_leave_through") }}' and reason <> 'duplicate'
),

-- Other deliveries of them must not become first ones. The narrow look at all ids.
sent_again as (
    select
        id as event_id,
        account_id,
        received_date,
        {{ event_group() }} as event_group
    from {{ source('raw_app', 'events') }}
    where
        id in (select event_id from settled_ids)
        and received_date in (select received_date from {{ ref('int_event_days__standing') }})
        and {{ stands() }}
),

-- With the first delivery, should that go on an earlier day: a fold of the earlier day alone leaves no second one to count.
own as (
    select
        of_leaving_groups.event_id,
        of_leaving_groups.event_group,
        of_leaving_groups.account_id,
        of_leaving_groups.received_date,
        case
            when of_leaving_groups.reason = 'duplicate' and settled_ids.folded_date < of_leaving_groups.folded_date
                then settled_ids.folded_date
            else of_leaving_groups.folded_date
        end as folded_date,
        of_leaving_groups.reason
    from of_leaving_groups
    left join settled_ids on of_leaving_groups.event_id = settled_ids.event_id
)

select
    event_id,
    event_group,
    {{ conversation_of('event_group') }} as conversation_id,
    account_id,
    received_date,
    folded_date,
    reason
from own

union all

select
    sent_again.event_id,
    sent_again.event_group,
    {{ conversation_of('sent_again.event_group') }} as conversation_id,
    sent_again.account_id,
    sent_again.received_date,
    settled_ids.folded_date,
    'duplicate' as reason
from sent_again
inner join settled_ids on sent_again.event_id = settled_ids.event_id
where sent_again.event_group not in (select event_group from leaving)
