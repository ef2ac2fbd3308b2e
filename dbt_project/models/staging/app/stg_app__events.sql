with

received as (
    select *
    from {{ source('raw_app', 'events') }}
    where
        received_at < {{ run_instant() }}
        and received_date not in (select received_date from {{ ref('stg_folded__days') }})
        and {{ stands() }}
        and not {{ counted_in_a_fold() }}
),

-- Which delivery counts is settled before the clock is looked at: a delivery that waits is not replaced by a later one.
first_deliveries as (
    select *
    from received
    qualify {{ delivery_number() }} = 1
)

select
    id as event_id,
    event_type,
    account_id,
    agent_id,
    conversation_id,
    visitor_token,
    occurred_at,
    received_at,
    is_test,
    sender,
    is_accurate,
    plan,
    trial_days
from first_deliveries
where occurred_at < {{ as_of_end() }}
