-- METRICS 2.1: every agent created by now has a row, and its value is the conversation that no other came before.
{{ config(meta={"dagster": {"ref": {"name": "fct_agent_ttfv"}}}) }}

with

ttfv as (
    select * from {{ ref('fct_agent_ttfv') }}
),

agents as (
    select * from {{ ref('dim_agents') }}
),

starts as (
    select
        agent_id,
        started_at
    from {{ ref('fct_conversations') }}
    union all
    select
        agent_id,
        first_started_at as started_at
    from {{ ref('stg_folded__agent_days') }}
),

first_conversations as (
    select
        agent_id,
        started_at
    from starts
    qualify row_number() over (partition by agent_id order by started_at) = 1
),

reckoned as (
    select
        agents.agent_id,
        agents.account_id,
        agents.created_at,
        first_conversations.started_at as first_conversation_at
    from agents
    left join first_conversations on agents.agent_id = first_conversations.agent_id
)

select *
from ttfv
full outer join reckoned
    on ttfv.agent_id = reckoned.agent_id
where {{ differs('ttfv', 'reckoned', 'agent_id', ['account_id', 'created_at', 'first_conversation_at']) }}
