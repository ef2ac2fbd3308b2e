-- METRICS 1.3, 2.3: ads and days of bills summed straight from their rows, each at its day's rate.
{{ config(meta={"dagster": {"ref": {"name": "fct_spend_daily"}}}) }}

with

spend as (
    select * from {{ ref('fct_spend_daily') }}
),

channels as (
    select * from {{ ref('channels') }}
),

bills as (
    select
        spend_date,
        'google_ads' as channel,
        'google_ads' as vendor,
        currency,
        amount,
        clicks,
        impressions,
        conversions_reported
    from {{ ref('stg_spend__google_ads') }}
    where spend_date <= {{ as_of_date() }}

    union all

    select
        spend_date,
        case when channel in (select channel from channels) then channel else 'other' end as channel,
        vendor,
        currency,
        amount,
        null as clicks,
        null as impressions,
        null as conversions_reported
    from {{ ref('int_costs__spread_daily') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

converted as (
    select
        bills.*,
        {{ convert('bills.amount', 'rates.rate', 'rates.reporting_rate') }} as amount_eur
    from bills
    left join rates on bills.currency = rates.currency and bills.spend_date = rates.rate_date
),

reckoned as (
    select
        spend_date,
        channel,
        vendor,
        sum(amount_eur) as spend_eur,
        sum(clicks) as clicks,
        sum(impressions) as impressions,
        sum(conversions_reported) as conversions_reported
    from converted
    group by spend_date, channel, vendor
    having not (
        count(*) = count(amount_eur)
        and sum(amount_eur) = 0
        and coalesce(sum(clicks), 0) = 0
        and coalesce(sum(impressions), 0) = 0
        and coalesce(sum(conversions_reported), 0) = 0
    )
)

select *
from spend
full outer join reckoned
    on spend.spend_date = reckoned.spend_date and spend.channel = reckoned.channel and spend.vendor = reckoned.vendor
where {{ differs('spend', 'reckoned', 'spend_date', ['spend_eur', 'clicks', 'impressions', 'conversions_reported']) }}
