{{ config(materialized="view") }}

with

-- All that lies in the days that leave: what is folded now, and what earlier folds have counted.
deliveries as (
    select
        received_date,
        account_id,
        reason
    from {{ ref('int_folds__deliveries') }}
    union all
    select
        received_date,
        account_id,
        reason
    from {{ ref('stg_folded__deliveries') }}
)

select
    received_date,
    account_id,
    reason,
    count(*) as event_count
from deliveries
where received_date <= '{{ var("events_leave_through") }}'
group by received_date, account_id, reason
