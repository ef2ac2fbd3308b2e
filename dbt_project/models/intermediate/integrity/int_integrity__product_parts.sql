with

-- Row by row those whose events stand, summed up those whose events have left.
counted as (
    select
        started_date as activity_date,
        1 as conversation_count,
        message_count,
        lead_count
    from {{ ref('fct_conversations') }}
    union all
    select
        activity_date,
        conversation_count,
        message_count,
        lead_count
    from {{ ref('stg_folded__agent_days') }}
),

conversations as (
    select
        activity_date,
        sum(conversation_count) as conversation_count,
        sum(message_count) as message_count,
        sum(lead_count) as lead_count
    from counted
    group by activity_date
),

agent_days as (
    select
        activity_date,
        sum(conversation_count) as conversation_count,
        sum(message_count) as message_count,
        sum(lead_count) as lead_count
    from {{ ref('fct_agent_days') }}
    group by activity_date
),

quality_days as (
    select * from {{ ref('conversation_quality_daily') }}
),

days as (
    select
        coalesce(conversations.activity_date, agent_days.activity_date, quality_days.activity_date) as activity_date,
        coalesce(conversations.conversation_count, 0) as conversation_count,
        coalesce(conversations.message_count, 0) as message_count,
        coalesce(conversations.lead_count, 0) as lead_count,
        coalesce(agent_days.conversation_count, 0) as conversations_of_agents,
        coalesce(agent_days.message_count, 0) as messages_of_agents,
        coalesce(agent_days.lead_count, 0) as leads_of_agents,
        coalesce(quality_days.conversation_count, 0) as conversations_of_quality
    from conversations
    full outer join agent_days on conversations.activity_date = agent_days.activity_date
    full outer join quality_days on coalesce(conversations.activity_date, agent_days.activity_date) = quality_days.activity_date
),

agents as (
    select
        created_week,
        count(*) as agent_count,
        count(is_within_target) as decided_count
    from {{ ref('fct_agent_ttfv') }}
    group by created_week
),

agent_weeks as (
    select * from {{ ref('ttfv_weekly') }}
),

weeks as (
    select
        coalesce(agents.created_week, agent_weeks.created_week) as created_week,
        coalesce(agents.agent_count, 0) as agent_count,
        coalesce(agents.decided_count, 0) as decided_count,
        coalesce(agent_weeks.agents_created, 0) as agents_created,
        coalesce(agent_weeks.agents_decided, 0) as agents_decided
    from agents
    full outer join agent_weeks on agents.created_week = agent_weeks.created_week
)

select
    {{ compared(
        '3.5', 'agent_days_add_up_to_conversations', 'sum of fct_agent_days = rows of fct_conversations, each day',
        "'conversations'", 'activity_date', 'conversations_of_agents', 'conversation_count'
    ) }}
from days

union all

select
    {{ compared(
        '3.5', 'agent_days_add_up_to_conversations', 'sum of fct_agent_days = rows of fct_conversations, each day',
        "'messages'", 'activity_date', 'messages_of_agents', 'message_count'
    ) }}
from days

union all

select
    {{ compared(
        '3.5', 'agent_days_add_up_to_conversations', 'sum of fct_agent_days = rows of fct_conversations, each day',
        "'leads'", 'activity_date', 'leads_of_agents', 'lead_count'
    ) }}
from days

union all

select
    {{ compared(
        '3.5', 'quality_days_add_up_to_conversations', 'conversation_quality_daily = rows of fct_conversations, each day',
        "'all'", 'activity_date', 'conversations_of_quality', 'conversation_count'
    ) }}
from days

union all

select
    {{ compared(
        '3.5', 'weeks_of_agents_add_up_to_agents', 'ttfv_weekly = rows of fct_agent_ttfv, each week',
        "'agents created'", 'created_week', 'agents_created', 'agent_count'
    ) }}
from weeks

union all

select
    {{ compared(
        '3.5', 'weeks_of_agents_add_up_to_agents', 'ttfv_weekly = rows of fct_agent_ttfv, each week',
        "'agents decided'", 'created_week', 'agents_decided', 'decided_count'
    ) }}
from weeks
