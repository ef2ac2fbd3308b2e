{{ config(materialized="view") }}

with

groups as (
    select unnest(trial_events) as trial_event
    from {{ ref('int_event_groups__built') }}
)

select
    trial_event.event_id as event_id,
    trial_event.event_type as event_type,
    trial_event.account_id as account_id,
    trial_event.occurred_at as occurred_at,
    trial_event.received_at as received_at,
    trial_event.trial_days as trial_days
from groups
