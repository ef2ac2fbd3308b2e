{{ config(materialized="view") }}

with

leaving as (
    {{ leaving_event_groups() }}
),

trial_events as (
    select
        folded_date,
        unnest(trial_events) as trial_event
    from leaving
)

select
    folded_date as received_date,
    trial_event.event_id as event_id,
    trial_event.event_type as event_type,
    trial_event.account_id as account_id,
    trial_event.occurred_at as occurred_at,
    trial_event.received_at as received_at,
    cast(trial_event.trial_days as bigint) as trial_days
from trial_events
