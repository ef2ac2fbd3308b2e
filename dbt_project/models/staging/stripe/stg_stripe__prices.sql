with

source as (
    {{ stripe_rows('prices') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

parsed as (
    select
        id as price_id,
        {{ parse_json('payload', '{
            "product": "JSON", "currency": "VARCHAR", "billing_scheme": "VARCHAR", "tax_behavior": "VARCHAR",
            "unit_amount": "VARCHAR", "unit_amount_decimal": "VARCHAR", "tiers_mode": "VARCHAR",
            "recurring": {"interval": "VARCHAR", "interval_count": "BIGINT", "usage_type": "VARCHAR"},
            "transform_quantity": {"divide_by": "BIGINT", "round": "VARCHAR"}
        }') }} as price
    from newest
)

select
    price_id,
    {{ reference_id('price.product') }} as product_id,
    upper(price.currency) as currency,
    price.recurring is not null as is_recurring,
    price.recurring.interval as billing_interval,
    coalesce(price.recurring.interval_count, 1) as interval_count,
    coalesce(price.recurring.usage_type, 'licensed') as usage_type,
    coalesce(price.billing_scheme, 'per_unit') as billing_scheme,
    price.tiers_mode,
    cast(coalesce(price.unit_amount_decimal, price.unit_amount) as decimal(38, 12)) as unit_amount_minor,
    price.transform_quantity.divide_by as transform_divide_by,
    price.transform_quantity.round as transform_round,
    coalesce(price.tax_behavior, 'unspecified') as tax_behavior
from parsed
