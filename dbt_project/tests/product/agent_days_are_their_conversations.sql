-- METRICS 2.1: all of a conversation counts on the local day its start lies in, with its agent.
{{ config(meta={"dagster": {"ref": {"name": "fct_agent_days"}}}) }}

with

agent_days as (
    select * from {{ ref('fct_agent_days') }}
),

conversations as (
    select
        agent_id,
        {{ local_date('started_at') }} as activity_date,
        account_id,
        1 as conversation_count,
        message_count,
        lead_count
    from {{ ref('fct_conversations') }}
    union all
    select
        agent_id,
        activity_date,
        account_id,
        conversation_count,
        message_count,
        lead_count
    from {{ ref('stg_folded__agent_days') }}
),

reckoned as (
    select
        agent_id,
        activity_date,
        min(account_id) as account_id,
        sum(conversation_count) as conversation_count,
        sum(message_count) as message_count,
        sum(lead_count) as lead_count
    from conversations
    group by agent_id, activity_date
)

select *
from agent_days
full outer join reckoned
    on agent_days.agent_id = reckoned.agent_id and agent_days.activity_date = reckoned.activity_date
where {{ differs('agent_days', 'reckoned', 'agent_id', ['account_id', 'conversation_count', 'message_count', 'lead_count']) }}
