with

customers as (
    {{ stripe_rows('customers') }}
),

events as (
    {{ stripe_rows('events') }}
),

-- What events said of coupons that are a customer's own, and no subscription's.
discount_events as (
    select
        type,
        {{ reference_id("json_extract(payload, '$.customer')") }} as customer_id,
        json_extract_string(payload, '$.id') as discount_id,
        {{ from_epoch("cast(json_extract_string(payload, '$.start') as bigint)") }} as started_at,
        created_at
    from events
    where
        type like 'customer.discount.%'
        and payload is not null
        and json_extract_string(payload, '$.subscription') is null
        and json_extract_string(payload, '$.subscription_item') is null
),

-- A customer's own coupon: what each read found on it, and what the events said came and went in between.
seen as (
    select
        id as customer_id,
        json_extract_string(payload, '$.discount.id') as discount_id,
        read_at as seen_at
    from customers

    union all

    select
        customer_id,
        case when type <> 'customer.discount.deleted' then discount_id end as discount_id,
        created_at as seen_at
    from discount_events

    union all

    -- What is taken away was there, though nobody may have seen it come.
    select
        customer_id,
        discount_id,
        started_at as seen_at
    from discount_events
    where
        type = 'customer.discount.deleted'
        and started_at < created_at
),

changes as (
    select *
    from seen
    qualify
        discount_id is distinct from lag(discount_id) over (
            partition by customer_id order by seen_at asc, discount_id asc nulls first
        )
),

followed as (
    select
        *,
        lead(seen_at) over (partition by customer_id order by seen_at asc, discount_id asc nulls first) as replaced_at
    from changes
)

select
    customer_id,
    discount_id,
    -- NULL: still on the customer
    case when count(replaced_at) = count(*) then max(replaced_at) end as replaced_at
from followed
where discount_id is not null
group by
    customer_id,
    discount_id
