with

snapshots as (
    select * from {{ ref('stg_stripe__subscription_snapshots') }}
),

newest as (
    select *
    from snapshots
    where snapshot_kind = 'read'
    qualify row_number() over (partition by subscription_id order by read_at desc, payload desc) = 1
)

select
    subscription_id,
    customer_id,
    status,
    currency,
    created_at,
    started_at,
    ended_at,
    canceled_at,
    trial_started_at,
    trial_ends_at,
    cancellation_reason
from newest
