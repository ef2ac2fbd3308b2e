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
    select *
    from {{ ref('fct_conversations') }}
    where started_date in (select activity_date from affected_dates)
),

-- An agent belongs to one account; should its events disagree, the smallest id stands, whatever the order of arrival.
daily as (
    select
        agent_id,
        started_date as activity_date,
        min(account_id) as account_id,
        count(*) as conversation_count,
        cast(sum(message_count) as bigint) as message_count,
        cast(sum(lead_count) as bigint) as lead_count
    from conversations
    group by agent_id, started_date
)

select * from daily
