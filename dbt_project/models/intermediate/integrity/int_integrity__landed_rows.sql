with

partitions as (
    select * from {{ ref('stg_lake__partitions') }}
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

conversation_events as (
    select coalesce(sum(conversations.event_count), 0) as event_count
    from conversations
    inner join fct_conversations on conversations.conversation_id = fct_conversations.conversation_id
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
event_ids as (
    select
        count(distinct case when received_at < {{ run_instant() }} then id end)
        + count(case when received_at >= {{ run_instant() }} then 1 end) as event_count
    from {{ source('raw_app', 'events') }}
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
