with

history as (
    select * from {{ ref('int_subscription_items__history') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

customer_discounts as (
    select * from {{ ref('stg_stripe__customer_discounts') }}
),

discounts as (
    select
        stg_stripe__discounts.*,
        coupons.duration,
        customer_discounts.discount_id is not null as is_customers_own,
        customer_discounts.replaced_at
    from {{ ref('stg_stripe__discounts') }} as stg_stripe__discounts
    inner join {{ ref('stg_stripe__coupons') }} as coupons
        on stg_stripe__discounts.coupon_id = coupons.coupon_id
    left join customer_discounts
        on stg_stripe__discounts.discount_id = customer_discounts.discount_id
),

-- Named by a version of the subscription, or by an invoice for its service period.
named as (
    select
        subscription_id,
        item_id,
        'item' as scope,
        unnest(item_discount_ids) as discount_id,
        generate_subscripts(item_discount_ids, 1) as position,
        valid_from,
        valid_to
    from history

    union all

    select
        subscription_id,
        cast(null as text) as item_id,
        'subscription' as scope,
        unnest(subscription_discount_ids) as discount_id,
        generate_subscripts(subscription_discount_ids, 1) as position,
        valid_from,
        valid_to
    from history
),

recurring_lines as (
    select
        lines.*,
        invoices.discount_ids as invoice_discount_ids
    from lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
    inner join prices
        on lines.price_id = prices.price_id
    where
        {{ bills_a_licensed_item() }}
        and (not lines.is_proration or lines.amount_minor > 0)
),

-- The service period of an invoice: that of its renewals, or of its prorations where it has nothing else.
service_periods as (
    select
        invoice_id,
        subscription_id,
        coalesce(
            min(period_start_at) filter (where not is_proration), min(period_start_at)
        ) as valid_from,
        coalesce(
            max(period_end_at) filter (where not is_proration), max(period_end_at)
        ) as valid_to,
        any_value(invoice_discount_ids) as invoice_discount_ids
    from recurring_lines
    group by
        invoice_id,
        subscription_id
),

-- What the whole invoice lists is the subscription's, even where a line repeats it.
lines_own as (
    select
        *,
        list_filter(
            discount_ids, lambda discount_id : not list_contains(invoice_discount_ids, discount_id)
        ) as own_discount_ids
    from recurring_lines
),

used as (
    select
        subscription_id,
        subscription_item_id as item_id,
        'item' as scope,
        unnest(own_discount_ids) as discount_id,
        generate_subscripts(own_discount_ids, 1) as position,
        period_start_at as valid_from,
        period_end_at as valid_to
    from lines_own

    union all

    select
        subscription_id,
        cast(null as text) as item_id,
        'subscription' as scope,
        unnest(invoice_discount_ids) as discount_id,
        generate_subscripts(invoice_discount_ids, 1) as position,
        valid_from,
        valid_to
    from service_periods
),

-- A coupon for one invoice is in force for what that invoice was for; any other while it is named, from its start to its end.
listed as (
    select
        named.*,
        false as is_use
    from named

    union all

    select
        used.*,
        true as is_use
    from used
),

-- A discount says what it is on: an item, the customer, or the subscription. Only where it does not, it is on what lists it, for
-- an invoice's list may repeat an item's coupon, and a line's the subscription's.
scoped as (
    select
        listed.subscription_id,
        case
            when discounts.subscription_item_id is not null then discounts.subscription_item_id
            when discounts.is_customers_own or discounts.subscription_id is not null then null
            else listed.item_id
        end as item_id,
        case
            when discounts.subscription_item_id is not null then 'item'
            when discounts.is_customers_own then 'customer'
            when discounts.subscription_id is not null then 'subscription'
            else listed.scope
        end as scope,
        listed.discount_id,
        listed.position,
        case
            when listed.is_use then listed.valid_from
            else greatest(listed.valid_from, discounts.started_at)
        end as valid_from,
        case
            when listed.is_use then listed.valid_to
            else least(listed.valid_to, discounts.ended_at)
        end as valid_to
    from listed
    inner join discounts
        on
            listed.discount_id = discounts.discount_id
            and listed.is_use = (discounts.duration = 'once')
),

subscriptions as (
    select distinct
        subscription_id,
        customer_id
    from history
),

customers_own as (
    select
        subscriptions.subscription_id,
        cast(null as text) as item_id,
        'customer' as scope,
        discounts.discount_id,
        1 as position,
        discounts.started_at as valid_from,
        least(discounts.ended_at, discounts.replaced_at) as valid_to
    from subscriptions
    inner join customer_discounts
        on subscriptions.customer_id = customer_discounts.customer_id
    inner join discounts
        on customer_discounts.discount_id = discounts.discount_id
    where discounts.duration <> 'once'
),

in_force as (
    select * from scoped
    union
    select * from customers_own
)

select
    subscription_id,
    item_id,
    scope,
    discount_id,
    position,
    valid_from,
    valid_to
from in_force
where
    valid_to is null
    or valid_from < valid_to
