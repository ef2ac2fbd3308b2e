{{ config(materialized="view") }}

with

standing as (
    select * from {{ ref('int_event_days__standing') }}
),

partitions as (
    select *
    from {{ ref('stg_lake__partitions') }}
    where source_name = 'app' and table_name = 'events'
)

select
    standing.received_date,
    standing.landed_row_count,
    partitions.quarantined_row_count,
    '{{ var("reporting_timezone") }}' as reporting_timezone,
    '{{ quality_weights() }}' as quality_weights
from standing
inner join partitions on standing.received_date = partitions.partition_value
where standing.received_date <= '{{ var("events_leave_through") }}'
