{{ config(materialized="view") }}

with

groups as (
    select unnest(trial_events) as trial_event
    from {{ ref('int_event_groups__built') }}
),

standing as (
    select
        trial_event.event_id as event_id,
        trial_event.event_type as event_type,
        trial_event.account_id as account_id,
        trial_event.occurred_at as occurred_at,
        trial_event.received_at as received_at,
        trial_event.trial_days as trial_days
    from groups
),

folded as (
    select
        event_id,
        event_type,
        account_id,
        occurred_at,
        received_at,
        trial_days
    from {{ ref('stg_folded__trial_events') }}
)

select * from standing
union all
select * from folded
