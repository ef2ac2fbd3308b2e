with

groups as (
    select * from {{ ref('int_event_groups__built') }}
),

folded as (
    select * from {{ ref('int_events__folded') }}
),

trials as (
    select * from {{ ref('int_accounts__trials') }}
),

trial_events as (
    select * from {{ ref('int_events__trials') }}
),

waiting as (
    select
        'waiting' as reason,
        sum(waiting_count) as event_count
    from groups
),

duplicate as (
    select
        'duplicate' as reason,
        sum(duplicate_count) as event_count
    from groups
),

by_conversation as (
    select
        set_aside_reason as reason,
        sum(event_count) as event_count
    from groups
    where set_aside_reason is not null
    group by set_aside_reason
),

of_folds as (
    select
        reason,
        event_count
    from folded
    where reason in ('duplicate', 'test', 'no_start')
),

trials_begun as (
    select count(*) as event_count
    from trial_events
    where event_id in (select event_id from trials where event_id is not null)
),

other_deliveries as (
    select event_count
    from groups
    where conversation_id is null
    union all
    select event_count
    from folded
    where reason = 'other'
),

other_events as (
    select sum(event_count) as event_count
    from other_deliveries
),

-- Of no mart's use: all that is in no conversation, but what began an account's trial.
unused as (
    select
        'unused' as reason,
        other_events.event_count - trials_begun.event_count as event_count
    from other_events
    cross join trials_begun
),

reasons as (
    select * from waiting
    union all
    select * from duplicate
    union all
    select * from by_conversation
    union all
    select * from of_folds
    union all
    select * from unused
)

select
    reason,
    cast(sum(event_count) as bigint) as event_count
from reasons
group by reason
having sum(event_count) > 0
