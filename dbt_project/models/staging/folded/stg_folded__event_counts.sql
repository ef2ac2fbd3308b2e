{% set columns = {
    "received_date": "varchar",
    "account_id": "varchar",
    "reason": "varchar",
    "event_count": "bigint",
} %}

with

source as (
    {{ folded(source('raw_folded', 'event_counts'), columns) }}
),

-- A fold is done when its day says so; what an interrupted one left does not count.
days as (
    select received_date from {{ ref('stg_folded__days') }}
)

select *
from source
where received_date in (select received_date from days)
