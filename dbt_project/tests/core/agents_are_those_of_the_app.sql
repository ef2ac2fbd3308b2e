-- METRICS 2.4: every agent of the app's snapshots, as its newest one tells.
{{ config(meta={"dagster": {"ref": {"name": "dim_agents"}}}) }}

with

dim_agents as (
    select * from {{ ref('dim_agents') }}
),

reckoned as (
    select
        id as agent_id,
        max_by(account_id, snapshot_date) as account_id,
        max_by(created_at, snapshot_date) as created_at,
        first(deleted_at order by snapshot_date desc) as deleted_at
    from {{ source('raw_app', 'agents') }}
    where created_at < {{ run_instant() }}
    group by id
    having max_by(created_at, snapshot_date) < {{ as_of_end() }}
)

select *
from dim_agents
full outer join reckoned
    on dim_agents.agent_id = reckoned.agent_id
where {{ differs('dim_agents', 'reckoned', 'agent_id', ['account_id', 'created_at', 'deleted_at']) }}
