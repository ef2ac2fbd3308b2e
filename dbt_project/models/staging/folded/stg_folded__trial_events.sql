{% set columns = {
    "received_date": "varchar",
    "event_id": "varchar",
    "event_type": "varchar",
    "account_id": "varchar",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "trial_days": "bigint",
} %}

with

source as (
    {{ folded(source('raw_folded', 'trial_events'), columns) }}
),

-- A fold is done when its day says so; what an interrupted one left does not count.
days as (
    select received_date from {{ ref('stg_folded__days') }}
)

select *
from source
where received_date in (select received_date from days)
