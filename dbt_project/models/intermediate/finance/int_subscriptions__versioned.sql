with

snapshots as (
    select
        *,
        -- Stripe keeps events for 30 days: within them silence means that nothing changed.
        greatest(created_at, read_at - interval 30 day) as observed_from,
        struct_pack(
            status := status,
            is_paused := is_paused,
            is_cancel_scheduled := is_cancel_scheduled,
            discount_ids := discount_ids,
            items := items
        ) as billing_state
    from {{ ref('stg_stripe__subscription_snapshots') }}
),

-- An event rendered in another API version says that something changed, not what.
signals as (
    select
        subscription_id,
        seen_at
    from snapshots
    where
        snapshot_kind = 'event'
        and payload is null
),

events as (
    select *
    from snapshots
    where
        snapshot_kind = 'event'
        and payload is not null
),

before_events as (
    select *
    from snapshots
    where snapshot_kind = 'before_event'
),

-- Of several events in one second the last is the one that no other of them found in place.
last_event_of_second as (
    select events.*
    from events
    left join before_events as successors
        on
            events.subscription_id = successors.subscription_id
            and events.seen_at = successors.seen_at
            and events.event_id <> successors.event_id
            and events.billing_state = successors.billing_state
    qualify
        row_number() over (
            partition by events.subscription_id, events.seen_at
            order by
                events.event_type = 'customer.subscription.deleted' desc,
                events.event_type = 'customer.subscription.created' asc,
                successors.event_id is null desc,
                events.event_id desc
        ) = 1
),

-- What stood before the first event of the 30 days a night can see.
before_first_event as (
    select before_events.*
    from before_events
    left join events
        on
            before_events.subscription_id = events.subscription_id
            and events.seen_at < before_events.seen_at
            and events.seen_at >= before_events.observed_from
    left join events as predecessors
        on
            before_events.subscription_id = predecessors.subscription_id
            and before_events.seen_at = predecessors.seen_at
            and before_events.event_id <> predecessors.event_id
            and before_events.billing_state = predecessors.billing_state
    where
        events.event_id is null
        and before_events.observed_from < before_events.seen_at
    qualify
        row_number() over (
            partition by before_events.subscription_id, before_events.seen_at
            order by predecessors.event_id is null desc, before_events.event_id asc
        ) = 1
),

before_first_event_since_signal as (
    select
        before_first_event.event_id,
        max(signals.seen_at) as signal_at
    from before_first_event
    inner join signals
        on
            before_first_event.subscription_id = signals.subscription_id
            and signals.seen_at < before_first_event.seen_at
            and signals.seen_at >= before_first_event.observed_from
    group by before_first_event.event_id
),

-- The nights' own reads, where they differ from the one before, which held until then.
reads as (
    select
        *,
        lag(read_at) over (partition by subscription_id order by read_at asc, payload asc) as differed_at,
        lag(billing_state) over (partition by subscription_id order by read_at asc, payload asc) as previous_state
    from snapshots
    where snapshot_kind = 'read'
),

changed_reads as (
    select * exclude (previous_state)
    from reads
    where billing_state is distinct from previous_state
),

last_event_before_read as (
    select
        changed_reads.subscription_id,
        changed_reads.read_at,
        max(last_event_of_second.seen_at) as event_at,
        max_by(last_event_of_second.billing_state, last_event_of_second.seen_at) as event_state
    from changed_reads
    inner join last_event_of_second
        on
            changed_reads.subscription_id = last_event_of_second.subscription_id
            and changed_reads.read_at >= last_event_of_second.seen_at
    group by
        changed_reads.subscription_id,
        changed_reads.read_at
),

last_signal_before_read as (
    select
        changed_reads.subscription_id,
        changed_reads.read_at,
        max(signals.seen_at) as signal_at
    from changed_reads
    inner join signals
        on
            changed_reads.subscription_id = signals.subscription_id
            and changed_reads.read_at >= signals.seen_at
    group by
        changed_reads.subscription_id,
        changed_reads.read_at
),

dated_reads as (
    select
        changed_reads.*,
        case
            when last_signal_before_read.signal_at > coalesce(last_event_before_read.event_at, changed_reads.observed_from)
                then last_signal_before_read.signal_at
            when last_event_before_read.event_at >= changed_reads.observed_from then
                -- The events tell the story; a read that contradicts them holds from its own instant.
                case
                    when last_event_before_read.event_state <> changed_reads.billing_state
                        then changed_reads.read_at
                end
            else
                greatest(
                    changed_reads.observed_from,
                    changed_reads.differed_at,
                    case when changed_reads.status = 'canceled' then changed_reads.ended_at end
                )
        end as read_valid_from
    from changed_reads
    left join last_event_before_read
        on
            changed_reads.subscription_id = last_event_before_read.subscription_id
            and changed_reads.read_at = last_event_before_read.read_at
    left join last_signal_before_read
        on
            changed_reads.subscription_id = last_signal_before_read.subscription_id
            and changed_reads.read_at = last_signal_before_read.read_at
),

versions as (
    select
        * exclude (billing_state, observed_from),
        seen_at as valid_from,
        1 as precedence
    from last_event_of_second

    union all by name

    select
        before_first_event.* exclude (billing_state, observed_from),
        coalesce(before_first_event_since_signal.signal_at, before_first_event.observed_from) as valid_from,
        2 as precedence
    from before_first_event
    left join before_first_event_since_signal
        on before_first_event.event_id = before_first_event_since_signal.event_id

    union all by name

    select
        * exclude (billing_state, observed_from, differed_at, read_valid_from),
        read_valid_from as valid_from,
        3 as precedence
    from dated_reads
    where read_valid_from is not null
),

-- Two versions from one instant: what an event said goes before what was inferred or read.
distinct_instants as (
    select *
    from versions
    qualify
        row_number() over (
            partition by subscription_id, valid_from
            order by precedence asc, read_at desc, event_id desc
        ) = 1
)

select
    subscription_id,
    valid_from,
    lead(valid_from) over subscription_history as valid_to,
    row_number() over subscription_history as version_number,
    customer_id,
    currency,
    status,
    status in ('active', 'past_due') and not is_paused as is_counted,
    is_cancel_scheduled,
    lag(status) over subscription_history as previous_status,
    cancellation_reason,
    created_at,
    started_at,
    canceled_at,
    ended_at,
    trial_started_at,
    trial_ends_at,
    discount_ids,
    items
from distinct_instants
window subscription_history as (partition by subscription_id order by valid_from asc)
