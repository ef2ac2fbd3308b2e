{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ forget('conversation_id', 'select conversation_id from ' ~ ref('int_event_groups__rebuilt')) }}",
    )
}}

with

conversations as (
    select *
    from {{ ref('int_event_groups__rebuilt') }}
    where conversation_id is not null and set_aside_reason is null
),

timed as (
    select
        *,
        {{ local_date('started_at') }} as started_date,
        greatest({{ microseconds_between('started_at', 'ended_at') }} // 1000000, 0) as duration_seconds
    from conversations
),

-- The score in tenths, so that it stays whole: messages count up to 10, minutes up to 5 (300 seconds), a lead wholly.
scored as (
    select
        *,
        {{ divide_half_away(
            var('quality_weight_messages') ~ " * 30 * least(message_count, 10) + "
            ~ var('quality_weight_duration') ~ " * least(duration_seconds, 300) + "
            ~ var('quality_weight_lead') ~ " * 300 * least(lead_count, 1)",
            "30"
        ) }} as quality_score_tenths
    from timed
)

select
    conversation_id,
    agent_id,
    account_id,
    visitor_token,
    started_at,
    started_date,
    ended_at,
    duration_seconds,
    message_count,
    visitor_message_count,
    agent_message_count,
    lead_count,
    lead_count > 0 as has_lead,
    rated_response_count,
    accurate_response_count,
    cast(cast(quality_score_tenths as decimal(18, 0)) * cast(0.1 as decimal(2, 1)) as decimal(18, 1)) as quality_score
from scored
