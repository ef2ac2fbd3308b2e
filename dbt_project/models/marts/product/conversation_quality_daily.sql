with

agent_days as (
    select * from {{ ref('int_agent_days__summed') }}
),

daily as (
    select
        activity_date,
        cast(sum(conversation_count) as bigint) as conversation_count,
        {{ score_of_tenths('sum(quality_score_tenths)') }} as quality_score_sum,
        cast(sum(lead_count) as bigint) as lead_count,
        cast(sum(rated_response_count) as bigint) as rated_response_count,
        cast(sum(accurate_response_count) as bigint) as accurate_response_count
    from agent_days
    group by activity_date
)

select
    activity_date,
    conversation_count,
    {{ quotient('quality_score_sum', 'conversation_count') }} as avg_quality_score,
    lead_count,
    rated_response_count,
    accurate_response_count,
    {{ ratio('accurate_response_count', 'rated_response_count') }} as response_accuracy_ratio
from daily
