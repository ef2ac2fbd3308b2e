{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ forget('activity_date', 'select unnest(affected_dates) from ' ~ ref('int_event_groups__rebuilt')) }}",
    )
}}

with

affected_dates as (
    select distinct unnest(affected_dates) as activity_date
    from {{ ref('int_event_groups__rebuilt') }}
),

conversations as (
    select
        agent_id,
        account_id,
        started_date as activity_date,
        1 as conversation_count,
        message_count,
        lead_count,
        rated_response_count,
        accurate_response_count,
        cast(quality_score * 10 as bigint) as quality_score_tenths,
        started_at as first_started_at
    from {{ ref('fct_conversations') }}
),

-- Conversations whose events have left the lake. When they go they are rebuilt, to nothing, so that their days are among the affected.
folded as (
    select
        agent_id,
        account_id,
        activity_date,
        conversation_count,
        message_count,
        lead_count,
        rated_response_count,
        accurate_response_count,
        quality_score_tenths,
        first_started_at
    from {{ ref('stg_folded__agent_days') }}
),

counted as (
    select * from conversations
    union all
    select * from folded
),

-- An agent belongs to one account; should its events disagree, the smallest id stands, whatever the order of arrival.
summed as (
    select
        agent_id,
        activity_date,
        min(account_id) as account_id,
        cast(sum(conversation_count) as bigint) as conversation_count,
        cast(sum(message_count) as bigint) as message_count,
        cast(sum(lead_count) as bigint) as lead_count,
        cast(sum(rated_response_count) as bigint) as rated_response_count,
        cast(sum(accurate_response_count) as bigint) as accurate_response_count,
        cast(sum(quality_score_tenths) as bigint) as quality_score_tenths,
        min(first_started_at) as first_started_at
    from counted
    {%- if is_incremental() %}
    where activity_date in (select activity_date from affected_dates)
    {%- endif %}
    group by agent_id, activity_date
)

select * from summed
