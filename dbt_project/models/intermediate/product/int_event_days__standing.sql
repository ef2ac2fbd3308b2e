{{ config(materialized="view") }}

with

partitions as (
    select *
    from {{ ref('stg_lake__partitions') }}
    where source_name = 'app' and table_name = 'events'
),

-- Between a fold and the removal of its day the day is in the lake, and counts no more.
folded_days as (
    select received_date from {{ ref('stg_folded__days') }}
),

-- What was folded out of a day that stays changes what it holds, as a new file would.
folded_out as (
    select
        received_date,
        md5(string_agg(event_id || event_group, ' ' order by event_id, event_group)) as checksum
    from {{ ref('stg_folded__deliveries') }}
    group by received_date
)

select
    partitions.partition_value as received_date,
    partitions.landed_row_count,
    case
        when folded_out.checksum is null then partitions.checksum
        else partitions.checksum || ' without ' || folded_out.checksum
    end as checksum
from partitions
left join folded_out on partitions.partition_value = folded_out.received_date
where partitions.partition_value not in (select received_date from folded_days)
