with

snapshots as (
    select *
    from {{ source('raw_app', 'accounts') }}
    where created_at < {{ run_instant() }}
),

-- Over all snapshots: one that is gone from the source stays as it was last seen.
latest as (
    select *
    from snapshots
    qualify row_number() over (partition by id order by snapshot_date desc) = 1
)

select
    id as account_id,
    created_at,
    country,
    utm_source,
    utm_medium,
    utm_campaign,
    referrer_host,
    stripe_customer_id,
    deleted_at
from latest
