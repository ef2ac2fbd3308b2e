with

ads as (
    select *
    from {{ ref('stg_spend__google_ads') }}
    where spend_date <= {{ as_of_date() }}
),

costs as (
    select * from {{ ref('int_costs__spread_daily') }}
),

channels as (
    select * from {{ ref('channels') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

unioned as (
    select
        spend_date,
        spend_date as first_date,
        'google_ads' as channel,
        'google_ads' as vendor,
        currency,
        amount,
        clicks,
        impressions,
        conversions_reported
    from ads
    union all
    select
        costs.spend_date,
        costs.first_date,
        coalesce(channels.channel, 'other') as channel,
        costs.vendor,
        costs.currency,
        costs.amount,
        cast(null as bigint) as clicks,
        cast(null as bigint) as impressions,
        cast(null as decimal(18, 6)) as conversions_reported
    from costs
    left join channels on costs.channel = channels.channel
)

select
    unioned.spend_date,
    unioned.first_date,
    unioned.channel,
    unioned.vendor,
    unioned.currency,
    unioned.amount,
    {{ convert('unioned.amount', 'rates.rate', 'rates.reporting_rate') }} as amount_eur,
    unioned.clicks,
    unioned.impressions,
    unioned.conversions_reported
from unioned
left join rates
    on
        unioned.spend_date = rates.rate_date
        and unioned.currency = rates.currency
