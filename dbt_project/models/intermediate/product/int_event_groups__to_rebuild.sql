with

partitions as (
    select
        received_date,
        checksum
    from {{ ref('int_event_days__standing') }}
    where landed_row_count > 0
),

built as (
    select * from {{ built_event_groups() }} as earlier
),

last_rebuilt as (
    select * from {{ last_rebuilt_event_groups() }} as earlier
),

dependencies as (
    select
        event_group,
        unnest(built_from) as partition
    from built
),

-- What each group was built from, and whether the lake still holds it.
checked_dependencies as (
    select
        dependencies.event_group,
        dependencies.partition.received_date as received_date,
        partitions.received_date is not null as is_unchanged
    from dependencies
    left join partitions
        on
            dependencies.partition.received_date = partitions.received_date
            and dependencies.partition.checksum = partitions.checksum
),

settled_partitions as (
    select distinct received_date
    from checked_dependencies
    where is_unchanged
),

arrived_partitions as (
    select received_date
    from partitions
    where received_date not in (select received_date from settled_partitions)
),

-- The engine reads only the files whose received_date is asked for; each CTE scans the lake for itself so that it can.
arrived_deliveries as (
    select
        id,
        {{ event_group() }} as event_group,
        received_date
    from {{ source('raw_app', 'events') }}
    where
        received_date in (select received_date from arrived_partitions)
        and {{ stands() }}
),

-- An id delivered before, or under another group: which of its deliveries counts is open again. The narrow look at all ids.
delivered_before as (
    select
        {{ event_group() }} as event_group,
        received_date
    from {{ source('raw_app', 'events') }}
    where
        received_date in (select received_date from settled_partitions)
        and id in (select id from arrived_deliveries)
        and {{ stands() }}
),

-- Killed between summing up and recording: the marts may hold any of these, whatever the lake says now.
unfinished as (
    select last_rebuilt.*
    from last_rebuilt
    left join built on last_rebuilt.event_group = built.event_group and last_rebuilt.build_id = built.build_id
    where built.event_group is null
),

-- Built under other settings, or with a later clock, or while some of its events were still waiting for this instant.
outdated as (
    select event_group
    from built
    where
        built_with <> '{{ event_group_settings() }}'
        or built_at > {{ run_instant() }}
        or waits_until < {{ run_instant() }}
),

affected as (
    select event_group from arrived_deliveries
    union
    select event_group from delivered_before
    union
    select event_group from checked_dependencies where not is_unchanged
    union
    select event_group from outdated
    union
    select event_group from unfinished
),

places as (
    select event_group, received_date from arrived_deliveries
    union
    select event_group, received_date from delivered_before
    union
    select event_group, received_date from checked_dependencies where is_unchanged
),

places_of_groups as (
    select
        event_group,
        list(received_date order by received_date) as received_dates
    from places
    group by event_group
),

former_dates as (
    select event_group, counted_date as former_date from built where counted_date is not null
    union
    select event_group, unnest(affected_dates) as former_date from unfinished
),

former_dates_of_groups as (
    select
        event_group,
        list(former_date order by former_date) as former_dates
    from former_dates
    group by event_group
)

select
    affected.event_group,
    coalesce(places_of_groups.received_dates, []) as received_dates,
    coalesce(former_dates_of_groups.former_dates, []) as former_dates
from affected
left join places_of_groups on affected.event_group = places_of_groups.event_group
left join former_dates_of_groups on affected.event_group = former_dates_of_groups.event_group
