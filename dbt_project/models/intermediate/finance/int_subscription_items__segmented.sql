with

history as (
    select *
    from {{ ref('int_subscription_items__history') }}
    where
        is_counted
        and valid_from < {{ as_of_end() }}
),

discounts as (
    select * from {{ ref('int_discounts__in_force') }}
),

taxed as (
    select * from {{ ref('int_subscription_items__taxed') }}
),

-- Every instant at which what a subscription is worth may change.
instants as (
    select subscription_id, valid_from as changed_at from history
    union
    select subscription_id, valid_to as changed_at from history
    union
    select subscription_id, uncommitted_from as changed_at from history
    union
    select subscription_id, valid_from as changed_at from discounts
    union
    select subscription_id, valid_to as changed_at from discounts
    union
    select history.subscription_id, taxed.valid_from as changed_at
    from history
    inner join taxed
        on history.item_id = taxed.item_id
    union
    select history.subscription_id, taxed.valid_to as changed_at
    from history
    inner join taxed
        on history.item_id = taxed.item_id
),

segments as (
    select
        subscription_id,
        changed_at as segment_from,
        lead(changed_at) over (partition by subscription_id order by changed_at asc) as segment_to
    from instants
    where changed_at < {{ as_of_end() }}
)

select
    history.account_id,
    history.subscription_id,
    history.item_id,
    segments.segment_from,
    segments.segment_to,
    history.currency,
    history.price_id,
    history.quantity,
    coalesce(history.uncommitted_from > segments.segment_from, true) as is_committed,
    history.is_inferred
from segments
inner join history
    on
        segments.subscription_id = history.subscription_id
        and segments.segment_from >= history.valid_from
        and (history.valid_to is null or segments.segment_from < history.valid_to)
