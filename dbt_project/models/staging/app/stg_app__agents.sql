with

snapshots as (
    select *
    from {{ source('raw_app', 'agents') }}
    where created_at < {{ run_instant() }}
),

-- Over all snapshots: one that is gone from the source stays as it was last seen.
latest as (
    select *
    from snapshots
    qualify row_number() over (partition by id order by snapshot_date desc, created_at, account_id, deleted_at) = 1
)

select
    id as agent_id,
    created_at,
    account_id,
    deleted_at
from latest
