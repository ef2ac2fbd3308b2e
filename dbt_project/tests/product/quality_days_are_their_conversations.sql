-- METRICS 2.1: conversations and leads as the agents' days count them, ratings and scores as the conversations do.
{{ config(meta={"dagster": {"ref": {"name": "conversation_quality_daily"}}}) }}

with

quality as (
    select * from {{ ref('conversation_quality_daily') }}
),

agent_days as (
    select
        activity_date,
        sum(conversation_count) as conversation_count,
        sum(lead_count) as lead_count
    from {{ ref('fct_agent_days') }}
    group by activity_date
),

scores as (
    select
        {{ local_date('started_at') }} as activity_date,
        rated_response_count,
        accurate_response_count,
        cast(quality_score as decimal(28, 1)) as quality_score
    from {{ ref('fct_conversations') }}
    union all
    select
        activity_date,
        rated_response_count,
        accurate_response_count,
        cast(quality_score_tenths * 0.1 as decimal(28, 1)) as quality_score
    from {{ ref('stg_folded__agent_days') }}
),

conversations as (
    select
        activity_date,
        sum(rated_response_count) as rated_response_count,
        sum(accurate_response_count) as accurate_response_count,
        sum(quality_score) as quality_score_sum
    from scores
    group by activity_date
),

reckoned as (
    select
        agent_days.*,
        conversations.rated_response_count,
        conversations.accurate_response_count,
        conversations.quality_score_sum
    from agent_days
    inner join conversations on agent_days.activity_date = conversations.activity_date
)

select *
from quality
full outer join reckoned
    on quality.activity_date = reckoned.activity_date
where {{ differs(
    'quality', 'reckoned', 'activity_date',
    ['conversation_count', 'lead_count', 'rated_response_count', 'accurate_response_count'],
    quotients={
        'avg_quality_score': ('quality_score_sum', 'conversation_count', 4)
    }
) }}
