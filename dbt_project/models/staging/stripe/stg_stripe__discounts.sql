with

subscriptions as (
    {{ stripe_rows('subscriptions') }}
),

invoices as (
    {{ stripe_rows('invoices') }}
),

customers as (
    {{ stripe_rows('customers') }}
),

events as (
    {{ stripe_rows('events') }}
),

-- Discounts are no list of their own at Stripe: they are seen, in full or as a bare id, on what they discount.
seen as (
    select
        read_at,
        unnest(from_json(json_extract(payload, '$.discounts'), '["JSON"]')) as discount,
        cast(null as timestamptz) as deleted_at
    from subscriptions

    union all

    select
        read_at,
        unnest(flatten(from_json(json_extract(payload, '$.items.data[*].discounts'), '[["JSON"]]'))) as discount,
        cast(null as timestamptz) as deleted_at
    from subscriptions

    union all

    select
        read_at,
        unnest(from_json(json_extract(payload, '$.discounts'), '["JSON"]')) as discount,
        cast(null as timestamptz) as deleted_at
    from invoices

    union all

    select
        read_at,
        unnest(flatten(from_json(json_extract(payload, '$.lines.data[*].discounts'), '[["JSON"]]'))) as discount,
        cast(null as timestamptz) as deleted_at
    from invoices

    union all

    select
        read_at,
        json_extract(payload, '$.discount') as discount,
        cast(null as timestamptz) as deleted_at
    from customers

    union all

    select
        created_at as read_at,
        cast(payload as json) as discount,
        case when type = 'customer.discount.deleted' then created_at end as deleted_at
    from events
    where type like 'customer.discount.%'
),

parsed as (
    select
        json_extract_string(discount, '$.id') as discount_id,
        coalesce(
            {{ reference_id("json_extract(discount, '$.source.coupon')") }},
            {{ reference_id("json_extract(discount, '$.coupon')") }}
        ) as coupon_id,
        {{ reference_id("json_extract(discount, '$.customer')") }} as customer_id,
        json_extract_string(discount, '$.subscription') as subscription_id,
        json_extract_string(discount, '$.subscription_item') as subscription_item_id,
        json_extract_string(discount, '$.invoice') as invoice_id,
        {{ from_epoch("cast(json_extract_string(discount, '$.start') as bigint)") }} as started_at,
        {{ from_epoch("cast(json_extract_string(discount, '$.end') as bigint)") }} as planned_end_at,
        deleted_at,
        read_at
    from seen
    where json_type(discount) = 'OBJECT'
),

newest as (
    select
        *,
        min(deleted_at) over (partition by discount_id) as first_deleted_at
    from parsed
    where discount_id is not null
    qualify
        row_number() over (
            partition by discount_id
            order by read_at desc, planned_end_at asc nulls last, coupon_id asc, started_at asc
        ) = 1
)

select
    discount_id,
    coupon_id,
    customer_id,
    subscription_id,
    subscription_item_id,
    invoice_id,
    started_at,
    least(planned_end_at, first_deleted_at) as ended_at
from newest
