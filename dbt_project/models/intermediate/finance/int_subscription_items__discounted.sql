{#-
    The coupons in force taken off, one after another: the item's own first, then the subscription's, in listed order on what is left.
    Two readings side by side: `contract` (only coupons that last for ever: the headline) and `billed` (every coupon).
-#}

with recursive

priced as (
    select * from {{ ref('int_subscription_items__priced') }}
),

in_force as (
    select * from {{ ref('int_discounts__in_force') }}
),

discounts as (
    select * from {{ ref('stg_stripe__discounts') }}
),

coupons as (
    select * from {{ ref('stg_stripe__coupons') }}
),

segments as (
    select distinct
        subscription_id,
        segment_from
    from priced
),

readings as (
    select unnest(['contract', 'billed']) as reading
),

coupons_in_force as (
    select
        segments.subscription_id,
        segments.segment_from,
        in_force.item_id,
        in_force.scope,
        in_force.discount_id,
        min(in_force.position) as position
    from segments
    inner join in_force
        on
            segments.subscription_id = in_force.subscription_id
            and segments.segment_from >= in_force.valid_from
            and (in_force.valid_to is null or segments.segment_from < in_force.valid_to)
    group by
        segments.subscription_id,
        segments.segment_from,
        in_force.item_id,
        in_force.scope,
        in_force.discount_id
),

-- A customer's own coupon steps back where the subscription has one.
effective_coupons as (
    select *
    from coupons_in_force
    qualify
        scope <> 'customer'
        or not bool_or(scope = 'subscription') over (partition by subscription_id, segment_from)
),

steps as (
    select
        effective_coupons.subscription_id,
        effective_coupons.segment_from,
        effective_coupons.item_id,
        readings.reading,
        coupons.applies_to_products,
        cast(coupons.percent_off * 10000 as hugeint) as percent_off_millionths,
        cast(coupons.amount_off_minor as hugeint) as amount_off_minor,
        coupons.currency,
        row_number() over (
            partition by effective_coupons.subscription_id, effective_coupons.segment_from, readings.reading
            order by
                case when effective_coupons.scope = 'item' then 1 else 2 end asc,
                effective_coupons.item_id asc,
                effective_coupons.position asc,
                effective_coupons.discount_id asc
        ) as step
    from effective_coupons
    inner join discounts
        on effective_coupons.discount_id = discounts.discount_id
    inner join coupons
        on discounts.coupon_id = coupons.coupon_id
    inner join readings
        on
            readings.reading = 'billed'
            or coupons.duration = 'forever'
),

{#- What a step touches: its item, or all of the coupon's products; an amount only in its own currency. -#}
{%- set is_touched -%}
    (
        (steps.item_id is null or steps.item_id = applied.item_id)
        and (steps.applies_to_products is null or list_contains(steps.applies_to_products, applied.product_id))
        and (steps.percent_off_millionths is not null or steps.currency = applied.currency)
    )
{%- endset -%}

{#- What the items it touches come to, before it: an amount is spread over them in proportion. -#}
{%- set touched_amount -%}
    sum(case when {{ is_touched }} then applied.amount else 0 end) over (
        partition by applied.subscription_id, applied.segment_from, applied.reading
    )
{%- endset -%}

{#-
    amount_off × amount ÷ touched amount, as a long division: whole minor units first, then the 12 decimals of the remainder. The product
    of two amounts with 12 decimals each would not fit in 128 bits in currencies of many units.
-#}
{%- set product = "applied.amount * steps.amount_off_minor" -%}
{%- set share_of_amount_off -%}
    (
        ({{ product }} // {{ touched_amount }}) * 1000000000000
        + {{ divide_half_away("(" ~ product ~ " % " ~ touched_amount ~ ") * 1000000000000", touched_amount) }}
    )
{%- endset %}

applied as (
    select
        priced.subscription_id,
        priced.segment_from,
        priced.item_id,
        priced.product_id,
        priced.currency,
        readings.reading,
        cast(0 as bigint) as step,
        priced.invoice_amount as amount
    from priced
    cross join readings

    union all

    select
        applied.subscription_id,
        applied.segment_from,
        applied.item_id,
        applied.product_id,
        applied.currency,
        applied.reading,
        steps.step,
        case
            when not {{ is_touched }} then applied.amount
            when steps.percent_off_millionths is not null
                then {{ divide_half_away("applied.amount * (1000000 - steps.percent_off_millionths)", "1000000") }}
            when steps.amount_off_minor * 1000000000000 >= {{ touched_amount }} then 0
            else applied.amount - {{ share_of_amount_off }}
        end as amount
    from applied
    inner join steps
        on
            applied.subscription_id = steps.subscription_id
            and applied.segment_from = steps.segment_from
            and applied.reading = steps.reading
            and applied.step + 1 = steps.step
)

select
    subscription_id,
    item_id,
    segment_from,
    max_by(amount, step) filter (where reading = 'contract') as contract_amount,
    max_by(amount, step) filter (where reading = 'billed') as billed_amount
from applied
group by
    subscription_id,
    item_id,
    segment_from
