-- METRICS 3.4: landed events = events of conversations that count + events that began a trial + events set aside,
-- and what the manifests say is what is read.
{{ config(meta={"dagster": {"ref": {"name": "fct_conversations"}}}) }}

with

partitions as (
    select * from {{ ref('stg_lake__partitions') }}
),

conversations as (
    select * from {{ ref('int_conversations__summarised') }}
),

facts as (
    select * from {{ ref('fct_conversations') }}
),

trials as (
    select trials.event_id
    from {{ ref('int_accounts__trials') }} as trials
    inner join {{ ref('fct_trials') }} as fct_trials on trials.account_id = fct_trials.account_id
),

set_aside as (
    select * from {{ ref('int_events__set_aside') }}
),

landed as (
    select coalesce(sum(landed_row_count), 0) as event_count
    from partitions
    where source_name = 'app' and table_name = 'events'
),

counted as (
    select coalesce(sum(conversations.event_count), 0) as event_count
    from conversations
    inner join facts on conversations.conversation_id = facts.conversation_id
),

trial_events as (
    select count(event_id) as event_count
    from trials
),

not_counted as (
    select coalesce(sum(event_count), 0) as event_count
    from set_aside
)

select
    landed.event_count as landed_event_count,
    counted.event_count as conversation_event_count,
    trial_events.event_count as trial_event_count,
    not_counted.event_count as set_aside_event_count
from landed
cross join counted
cross join trial_events
cross join not_counted
where landed.event_count <> counted.event_count + trial_events.event_count + not_counted.event_count
