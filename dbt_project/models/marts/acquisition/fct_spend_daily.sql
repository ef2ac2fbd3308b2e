with

spend as (
    select * from {{ ref('int_spend__daily') }}
),

daily as (
    select
        spend_date,
        channel,
        vendor,
        cast(sum(amount_eur) as decimal(18, 4)) as spend_eur,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(conversions_reported) as decimal(18, 6)) as conversions_reported,
        count(*) > count(amount_eur) as has_unrated_spend
    from spend
    group by spend_date, channel, vendor
),

-- Spend that cannot be converted is unknown, not zero, and stays, whatever else the day has.
not_all_zero as (
    select * exclude (has_unrated_spend)
    from daily
    where has_unrated_spend or spend_eur <> 0 or clicks <> 0 or impressions <> 0 or conversions_reported <> 0
)

select * from not_all_zero
