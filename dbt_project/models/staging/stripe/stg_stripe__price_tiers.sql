with

source as (
    {{ stripe_rows('prices') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

tiers as (
    select
        id as price_id,
        unnest(
            {{ parse_json("json_extract(payload, '$.tiers')", '[{
                "up_to": "BIGINT", "unit_amount": "VARCHAR", "unit_amount_decimal": "VARCHAR",
                "flat_amount": "VARCHAR", "flat_amount_decimal": "VARCHAR"
            }]') }}
        ) as tier
    from newest
),

-- The last tier has no upper bound; each begins where the one below it ends.
bounded as (
    select
        price_id,
        coalesce(
            lag(tier.up_to) over (partition by price_id order by tier.up_to asc nulls last), 0
        ) as above_quantity,
        tier.up_to as up_to_quantity,
        cast(coalesce(tier.unit_amount_decimal, tier.unit_amount, '0') as decimal(38, 12)) as unit_amount_minor,
        cast(coalesce(tier.flat_amount_decimal, tier.flat_amount, '0') as decimal(38, 12)) as flat_amount_minor
    from tiers
)

select
    price_id,
    above_quantity,
    up_to_quantity,
    unit_amount_minor,
    flat_amount_minor
from bounded
