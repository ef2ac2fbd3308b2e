with

source as (
    select * from {{ source('raw_spend', 'costs') }}
)

select
    source_file,
    row_number,
    cost_date as first_date,
    greatest(coalesce(date_to, cost_date), cost_date) as last_date,
    channel,
    coalesce(nullif(vendor, ''), 'unknown') as vendor,
    upper(currency) as currency,
    cast(amount as decimal(18, 6)) as amount
from source
