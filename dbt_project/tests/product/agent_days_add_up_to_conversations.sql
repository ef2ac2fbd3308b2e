-- METRICS 3.5: Σ fct_agent_days = count of fct_conversations, messages and leads likewise.
{{ config(meta={"dagster": {"ref": {"name": "fct_agent_days"}}}) }}

with

agent_days as (
    select
        sum(conversation_count) as conversation_count,
        sum(message_count) as message_count,
        sum(lead_count) as lead_count
    from {{ ref('fct_agent_days') }}
),

conversations as (
    select
        nullif(count(*), 0) as conversation_count,
        sum(message_count) as message_count,
        sum(lead_count) as lead_count
    from {{ ref('fct_conversations') }}
)

select
    agent_days.conversation_count as conversations_of_agent_days,
    conversations.conversation_count as conversations
from agent_days
cross join conversations
where
    agent_days.conversation_count is distinct from conversations.conversation_count
    or agent_days.message_count is distinct from conversations.message_count
    or agent_days.lead_count is distinct from conversations.lead_count
