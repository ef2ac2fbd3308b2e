with

customers as (
    {{ stripe_rows('customers') }}
),

events as (
    {{ stripe_rows('events') }}
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
        {{ reference_id("json_extract(payload, '$.customer')") }} as customer_id,
        case when type <> 'customer.discount.deleted' then json_extract_string(payload, '$.id') end as discount_id,
        created_at as seen_at
    from events
    where
        type like 'customer.discount.%'
        and payload is not null
        and json_extract_string(payload, '$.subscription') is null
        and json_extract_string(payload, '$.subscription_item') is null
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
