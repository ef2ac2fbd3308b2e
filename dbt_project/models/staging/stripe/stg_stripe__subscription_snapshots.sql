with

subscriptions as (
    {{ stripe_rows('subscriptions') }}
),

events as (
    {{ stripe_rows('events') }}
),

-- Nights read some events again, of an hour or of 30 days: each counts once, as of the night that saw it first.
subscription_events as (
    select *
    from events
    where type like 'customer.subscription.%'
    qualify row_number() over (partition by id order by read_at asc) = 1
),

snapshots as (
    select
        'read' as snapshot_kind,
        cast(null as text) as event_id,
        cast(null as text) as event_type,
        id as subscription_id,
        read_at as seen_at,
        read_at,
        payload
    from subscriptions

    union all

    select
        'event' as snapshot_kind,
        id as event_id,
        type as event_type,
        object_id as subscription_id,
        created_at as seen_at,
        read_at,
        payload
    from subscription_events

    union all

    select
        'before_event' as snapshot_kind,
        id as event_id,
        type as event_type,
        object_id as subscription_id,
        created_at as seen_at,
        read_at,
        previous_payload as payload
    from subscription_events
    where previous_payload is not null
),

parsed as (
    select
        *,
        {{ parse_json('payload', '{
            "customer": "JSON", "status": "VARCHAR", "currency": "VARCHAR", "created": "BIGINT", "start_date": "BIGINT",
            "ended_at": "BIGINT", "cancel_at": "BIGINT", "cancel_at_period_end": "BOOLEAN", "canceled_at": "BIGINT",
            "cancellation_details": {"reason": "VARCHAR"}, "pause_collection": "JSON",
            "trial_start": "BIGINT", "trial_end": "BIGINT", "discounts": ["JSON"],
            "items": {"data": [{"id": "VARCHAR", "quantity": "BIGINT", "price": {"id": "VARCHAR"}, "discounts": ["JSON"]}]}
        }') }} as subscription
    from snapshots
)

select
    snapshot_kind,
    event_id,
    event_type,
    subscription_id,
    seen_at,
    read_at,
    payload,
    {{ reference_id('subscription.customer') }} as customer_id,
    subscription.status,
    upper(subscription.currency) as currency,
    {{ from_epoch('subscription.created') }} as created_at,
    {{ from_epoch('coalesce(subscription.start_date, subscription.created)') }} as started_at,
    {{ from_epoch('subscription.ended_at') }} as ended_at,
    {{ from_epoch('subscription.canceled_at') }} as canceled_at,
    {{ from_epoch('subscription.trial_start') }} as trial_started_at,
    {{ from_epoch('subscription.trial_end') }} as trial_ends_at,
    subscription.cancellation_details.reason as cancellation_reason,
    coalesce(json_type(subscription.pause_collection) = 'OBJECT', false) as is_paused,
    coalesce(subscription.cancel_at_period_end, false) or subscription.cancel_at is not null as is_cancel_scheduled,
    {{ reference_ids('subscription.discounts') }} as discount_ids,
    list_transform(
        coalesce(subscription.items.data, []),
        lambda item : struct_pack(
            item_id := item.id,
            price_id := item.price.id,
            quantity := coalesce(item.quantity, 1),
            discount_ids := {{ reference_ids('item.discounts') }}
        )
    ) as items
from parsed
