{% set columns = {
    "received_date": "varchar",
    "event_id": "varchar",
    "conversation_id": "varchar",
    "account_id": "varchar",
    "reason": "varchar",
    "folded_date": "varchar",
} %}

with

source as (
    {{ folded(source('raw_folded', 'deliveries'), columns) }}
),

-- A fold is done when its day says so; what an interrupted one left does not count.
days as (
    select received_date from {{ ref('stg_folded__days') }}
)

select
    *,
    case when conversation_id is null then 'other events of ' || received_date else 'conversation ' || conversation_id end as event_group
from source
where
    folded_date in (select received_date from days)
    and received_date not in (select received_date from days)
