with

agents as (
    select *
    from {{ ref('stg_app__agents') }}
    where created_at < {{ as_of_end() }}
)

select
    agent_id,
    account_id,
    created_at,
    deleted_at
from agents
