with

source as (
    {{ stripe_rows('coupons') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

parsed as (
    select
        id as coupon_id,
        {{ parse_json('payload', '{
            "duration": "VARCHAR", "percent_off": "DECIMAL(9,4)", "amount_off": "BIGINT", "currency": "VARCHAR",
            "applies_to": {"products": ["VARCHAR"]}
        }') }} as coupon
    from newest
)

select
    coupon_id,
    coupon.duration,
    coupon.percent_off,
    coupon.amount_off as amount_off_minor,
    upper(coupon.currency) as currency,
    -- NULL: every product
    coupon.applies_to.products as applies_to_products
from parsed
