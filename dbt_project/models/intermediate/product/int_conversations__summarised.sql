{{ config(materialized="view") }}

with

groups as (
    select * from {{ ref('int_event_groups__built') }}
)

select
    conversation_id,
    set_aside_reason,
    event_count
from groups
where conversation_id is not null
