{#-
    What one invoice charges for each item, net of tax and before discounts, at any instant. Amounts are integers (HUGEINT) in
    units of 10^-12 of the currency's minor unit: Stripe's unit_amount_decimal has 12 decimals, so nothing is lost.
-#}

with

segments as (
    select * from {{ ref('int_subscription_items__segmented') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

tiers as (
    select * from {{ ref('stg_stripe__price_tiers') }}
),

products as (
    select * from {{ ref('stg_stripe__products') }}
),

taxed as (
    select * from {{ ref('int_subscription_items__taxed') }}
),

licensed as (
    select
        segments.*,
        prices.product_id,
        coalesce(products.revenue_type, 'recurring') as revenue_type,
        case
            when products.plan in ('starter', 'professional', 'enterprise') then products.plan
            else 'other'
        end as plan,
        prices.billing_interval,
        prices.interval_count,
        prices.billing_scheme,
        prices.tiers_mode,
        prices.tax_behavior,
        prices.unit_amount_minor,
        case
            when prices.transform_divide_by is null then segments.quantity
            when prices.transform_round = 'up'
                then (segments.quantity + prices.transform_divide_by - 1) // prices.transform_divide_by
            else segments.quantity // prices.transform_divide_by
        end as billed_quantity
    from segments
    inner join prices
        on segments.price_id = prices.price_id
    left join products
        on prices.product_id = products.product_id
    where
        prices.is_recurring
        and prices.usage_type = 'licensed'
),

-- Graduated: each tier bills the part of the quantity within it. Volume: one tier bills all of it.
tier_amounts as (
    select
        licensed.subscription_id,
        licensed.item_id,
        licensed.segment_from,
        sum(
            case
                when licensed.tiers_mode = 'volume' then licensed.billed_quantity
                else least(licensed.billed_quantity, coalesce(tiers.up_to_quantity, licensed.billed_quantity)) - tiers.above_quantity
            end
            * cast(tiers.unit_amount_minor * 1000000000000 as hugeint)
            + cast(tiers.flat_amount_minor * 1000000000000 as hugeint)
        ) as amount
    from licensed
    inner join tiers
        on
            licensed.price_id = tiers.price_id
            and licensed.billed_quantity > tiers.above_quantity
            and (
                licensed.tiers_mode = 'graduated'
                or licensed.billed_quantity <= tiers.up_to_quantity
                or tiers.up_to_quantity is null
            )
    where licensed.billing_scheme = 'tiered'
    group by
        licensed.subscription_id,
        licensed.item_id,
        licensed.segment_from
),

-- The tax of the item's line in force, else of the next one, else of the newest.
tax_lines as (
    select
        licensed.subscription_id,
        licensed.item_id,
        licensed.segment_from,
        taxed.net_minor,
        taxed.tax_minor,
        taxed.is_inclusive
    from licensed
    inner join taxed
        on licensed.item_id = taxed.item_id
    where licensed.tax_behavior in ('inclusive', 'unspecified')
    qualify
        row_number() over (
            partition by licensed.subscription_id, licensed.item_id, licensed.segment_from
            order by
                case
                    when taxed.valid_from <= licensed.segment_from and licensed.segment_from < taxed.valid_to then 1
                    when taxed.valid_from > licensed.segment_from then 2
                    else 3
                end asc,
                case
                    when taxed.valid_from > licensed.segment_from then taxed.valid_from - licensed.segment_from
                    else licensed.segment_from - taxed.valid_from
                end asc
        ) = 1
),

gross as (
    select
        licensed.*,
        case
            when licensed.billing_scheme = 'tiered' then coalesce(tier_amounts.amount, 0)
            else licensed.billed_quantity * cast(coalesce(licensed.unit_amount_minor, 0) * 1000000000000 as hugeint)
        end as gross_amount,
        tax_lines.net_minor,
        tax_lines.tax_minor,
        licensed.tax_behavior = 'inclusive' or coalesce(tax_lines.is_inclusive, false) as is_tax_inside
    from licensed
    left join tier_amounts
        on
            licensed.subscription_id = tier_amounts.subscription_id
            and licensed.item_id = tier_amounts.item_id
            and licensed.segment_from = tier_amounts.segment_from
    left join tax_lines
        on
            licensed.subscription_id = tax_lines.subscription_id
            and licensed.item_id = tax_lines.item_id
            and licensed.segment_from = tax_lines.segment_from
)

select
    account_id,
    subscription_id,
    item_id,
    segment_from,
    segment_to,
    currency,
    price_id,
    product_id,
    revenue_type,
    plan,
    billing_interval,
    interval_count,
    is_committed,
    is_inferred,
    -- Tax is inside, but no line says how much of it: it counts gross, and is reported.
    is_tax_inside and net_minor is null as is_tax_unknown,
    case
        when is_tax_inside and net_minor is not null
            then {{ divide_half_away("gross_amount * cast(net_minor as hugeint)", "net_minor + tax_minor") }}
        else gross_amount
    end as invoice_amount
from gross
