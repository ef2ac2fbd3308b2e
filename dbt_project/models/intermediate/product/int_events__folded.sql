{{ config(materialized="view") }}

with

counts as (
    select
        reason,
        event_count
    from {{ ref('stg_folded__event_counts') }}
    union all
    select
        reason,
        1 as event_count
    from {{ ref('stg_folded__deliveries') }}
)

select
    reason,
    cast(sum(event_count) as bigint) as event_count
from counts
group by reason
