{% set columns = {
    "received_date": "varchar",
    "agent_id": "varchar",
    "account_id": "varchar",
    "activity_date": "date",
    "conversation_count": "bigint",
    "message_count": "bigint",
    "lead_count": "bigint",
    "rated_response_count": "bigint",
    "accurate_response_count": "bigint",
    "quality_score_tenths": "bigint",
    "first_started_at": "timestamptz",
} %}

with

source as (
    {{ folded(source('raw_folded', 'agent_days'), columns) }}
),

-- A fold is done when its day says so; what an interrupted one left does not count.
days as (
    select received_date from {{ ref('stg_folded__days') }}
)

select *
from source
where received_date in (select received_date from days)
