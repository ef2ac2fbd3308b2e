with

first_versions as (
    select *
    from {{ ref('int_subscriptions__versioned') }}
    where version_number = 1
),

invoiced as (
    select * from {{ ref('int_subscription_items__invoiced') }}
),

-- Neither an earlier version nor an invoice line: only the object's own dates are left.
undocumented as (
    select
        first_versions.*,
        greatest(first_versions.started_at, first_versions.trial_ends_at) as inferred_from,
        least(first_versions.valid_from, first_versions.ended_at) as inferred_to
    from first_versions
    left join invoiced
        on first_versions.subscription_id = invoiced.subscription_id
    where
        invoiced.subscription_id is null
        and (
            first_versions.is_counted
            or (first_versions.status = 'canceled' and first_versions.ended_at is not null)
        )
),

items as (
    select
        * exclude (items),
        unnest(items) as item
    from undocumented
    where inferred_from < inferred_to
)

select
    subscription_id,
    item.item_id,
    inferred_from as valid_from,
    inferred_to as valid_to,
    item.price_id,
    item.quantity,
    true as is_counted,
    case when is_cancel_scheduled or ended_at > canceled_at then canceled_at end as uncommitted_from,
    true as is_inferred,
    item.discount_ids as item_discount_ids,
    discount_ids as subscription_discount_ids
from items
