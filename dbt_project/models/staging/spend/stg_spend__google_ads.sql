with

source as (
    select * from {{ source('raw_spend', 'google_ads') }}
),

-- Rows restate for weeks: the file with the greatest name is the newest word on a day; within a file, its last row.
newest as (
    select *
    from source
    qualify row_number() over (
        partition by spend_date, customer_id, campaign_id
        order by source_file desc, row_number desc
    ) = 1
)

select
    spend_date,
    customer_id,
    campaign_id,
    upper(currency) as currency,
    cast(cast(cost_micros as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)) as amount,
    clicks,
    impressions,
    cast(conversions as decimal(18, 6)) as conversions_reported
from newest
