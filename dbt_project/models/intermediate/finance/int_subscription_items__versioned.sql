with

versions as (
    select * from {{ ref('int_subscriptions__versioned') }}
),

items as (
    select
        * exclude (items),
        unnest(items) as item
    from versions
)

select
    subscription_id,
    item.item_id,
    valid_from,
    valid_to,
    item.price_id,
    item.quantity,
    is_counted,
    case when is_cancel_scheduled then valid_from end as uncommitted_from,
    false as is_inferred,
    item.discount_ids as item_discount_ids,
    discount_ids as subscription_discount_ids
from items
