with

source as (
    select *
    from {{ source('raw_rates', 'ecb') }}
    where rate_date <= {{ as_of_date() }}
),

-- Two files may give the same day: the one with the greatest name is the newer download.
newest as (
    select *
    from source
    qualify row_number() over (partition by rate_date, currency order by source_file desc, rate desc) = 1
)

select
    rate_date,
    upper(currency) as currency,
    cast(rate as decimal(18, 8)) as rate
from newest
