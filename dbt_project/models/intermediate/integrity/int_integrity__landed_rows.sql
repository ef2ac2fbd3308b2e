with

folded_days as (
    select * from {{ ref('stg_folded__days') }}
),

folded_deliveries as (
    select
        received_date,
        sum(event_count) as event_count
    from {{ ref('stg_folded__event_counts') }}
    group by received_date
),

-- What the sources held: partitions as they stand, and the days that have left as they were folded. The folds themselves have no source.
partitions as (
    select
        source_name,
        table_name,
        partition_value,
        source_row_count,
        landed_row_count,
        quarantined_row_count
    from {{ ref('stg_lake__partitions') }}
    where
        source_name <> 'folded'
        and not (
            source_name = 'app' and table_name = 'events' and partition_value in (select received_date from folded_days)
        )
    union all
    select
        'app' as source_name,
        'events' as table_name,
        folded_days.received_date as partition_value,
        coalesce(folded_deliveries.event_count, 0) + folded_days.quarantined_row_count as source_row_count,
        coalesce(folded_deliveries.event_count, 0) as landed_row_count,
        folded_days.quarantined_row_count
    from folded_days
    left join folded_deliveries on folded_days.received_date = folded_deliveries.received_date
),

landed_events as (
    select coalesce(sum(landed_row_count), 0) as event_count
    from partitions
    where
        source_name = 'app'
        and table_name = 'events'
),

conversations as (
    select * from {{ ref('int_conversations__summarised') }}
),

fct_conversations as (
    select * from {{ ref('fct_conversations') }}
),

trials as (
    select * from {{ ref('int_accounts__trials') }}
),

fct_trials as (
    select * from {{ ref('fct_trials') }}
),

set_aside as (
    select * from {{ ref('int_events__set_aside') }}
),

folded as (
    select * from {{ ref('int_events__folded') }}
),

counted_events as (
    select conversations.event_count
    from conversations
    inner join fct_conversations on conversations.conversation_id = fct_conversations.conversation_id
    union all
    select event_count
    from folded
    where reason = 'conversation'
),

conversation_events as (
    select coalesce(sum(event_count), 0) as event_count
    from counted_events
),

trial_events as (
    select count(trials.event_id) as event_count
    from trials
    inner join fct_trials on trials.account_id = fct_trials.account_id
),

events_set_aside as (
    select
        coalesce(sum(event_count), 0) as event_count,
        coalesce(sum(case when reason <> 'duplicate' then event_count end), 0) as first_delivery_count
    from set_aside
),

-- What was received at the run's instant or later waits, whatever its id.
standing_event_ids as (
    select
        count(distinct case when received_at < {{ run_instant() }} and not {{ counted_in_a_fold() }} then id end)
        + count(case when received_at >= {{ run_instant() }} then 1 end) as event_count
    from {{ source('raw_app', 'events') }}
    where
        received_date not in (select received_date from folded_days)
        and {{ stands() }}
),

event_ids as (
    select standing_event_ids.event_count + folded_ids.event_count as event_count
    from standing_event_ids
    cross join (select coalesce(sum(event_count), 0) as event_count from folded where reason <> 'duplicate') as folded_ids
)

select
    {{ compared(
        '3.4', 'source_rows_landed_or_were_quarantined', 'rows of the source = landed + quarantined, each partition of the lake',
        "source_name || '.' || table_name", 'partition_value', 'source_row_count', 'landed_row_count + quarantined_row_count'
    ) }}
from partitions

union all

select
    {{ compared(
        '3.4', 'landed_events_are_counted_or_set_aside',
        'events landed = of fct_conversations + that began a trial + set aside',
        "'all'", "'all'", 'landed_events.event_count',
        'conversation_events.event_count + trial_events.event_count + events_set_aside.event_count'
    ) }}
from landed_events
cross join conversation_events
cross join trial_events
cross join events_set_aside

union all

select
    {{ compared(
        '3.4', 'each_event_id_counts_once', 'event ids landed = events counted + set aside for another reason than being a duplicate',
        "'all'", "'all'", 'event_ids.event_count',
        'conversation_events.event_count + trial_events.event_count + events_set_aside.first_delivery_count'
    ) }}
from event_ids
cross join conversation_events
cross join trial_events
cross join events_set_aside

union all

select
    {{ compared(
        '3.4', 'events_set_aside', 'events set aside for this reason = none',
        'reason', 'reason', 'event_count', 0, is_published=true
    ) }}
from set_aside
