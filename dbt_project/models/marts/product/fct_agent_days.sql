with

agent_days as (
    select * from {{ ref('int_agent_days__summed') }}
)

select
    agent_id,
    activity_date,
    account_id,
    conversation_count,
    message_count,
    lead_count
from agent_days
