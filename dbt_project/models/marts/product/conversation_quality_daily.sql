with

conversations as (
    select * from {{ ref('fct_conversations') }}
),

daily as (
    select
        started_date as activity_date,
        count(*) as conversation_count,
        sum(quality_score) as quality_score_sum,
        cast(sum(lead_count) as bigint) as lead_count,
        cast(sum(rated_response_count) as bigint) as rated_response_count,
        cast(sum(accurate_response_count) as bigint) as accurate_response_count
    from conversations
    group by started_date
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
