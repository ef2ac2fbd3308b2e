-- METRICS 2.1: a first conversation before its agent's creation counts as 0 hours, and is counted here.
{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_agent_ttfv"}}}) }}

select
    agent_id,
    created_at,
    first_conversation_at
from {{ ref('fct_agent_ttfv') }}
where first_conversation_at < created_at
