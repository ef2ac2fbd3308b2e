{{ config(materialized="view") }}

with

leaving as (
    {{ leaving_event_groups() }}
),

conversations as (
    select
        fct_conversations.*,
        leaving.folded_date
    from {{ ref('fct_conversations') }} as fct_conversations
    inner join leaving on fct_conversations.conversation_id = leaving.conversation_id
)

select
    folded_date as received_date,
    agent_id,
    account_id,
    started_date as activity_date,
    count(*) as conversation_count,
    cast(sum(message_count) as bigint) as message_count,
    cast(sum(lead_count) as bigint) as lead_count,
    cast(sum(rated_response_count) as bigint) as rated_response_count,
    cast(sum(accurate_response_count) as bigint) as accurate_response_count,
    cast(sum(quality_score) * 10 as bigint) as quality_score_tenths,
    min(started_at) as first_started_at
from conversations
group by folded_date, agent_id, account_id, started_date
