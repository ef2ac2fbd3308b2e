-- Last of all that is built in groups: what stands here is done. (A killed run leaves it as it was, and the next one does the same again.)
-- depends_on: {{ ref('fct_conversations') }}
-- depends_on: {{ ref('int_agent_days__summed') }}
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="event_group",
        on_schema_change="fail",
    )
}}

with

rebuilt as (
    select * from {{ ref('int_event_groups__rebuilt') }}
)

select
    event_group,
    conversation_id,
    set_aside_reason,
    event_count,
    waiting_count,
    duplicate_count,
    trial_events,
    first_received_date,
    counted_date,
    waits_until,
    built_from,
    built_with,
    built_at,
    build_id
from rebuilt
