-- METRICS 3.4: landed events = events of conversations that count + events set aside, and what the lake's manifests say is what is read.
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

not_counted as (
    select coalesce(sum(event_count), 0) as event_count
    from set_aside
)

select
    landed.event_count as landed_event_count,
    counted.event_count as counted_event_count,
    not_counted.event_count as set_aside_event_count
from landed
cross join counted
cross join not_counted
where landed.event_count <> counted.event_count + not_counted.event_count
