with

costs as (
    select * from {{ ref('stg_spend__costs') }}
),

-- In whole numbers: millionths of the currency, its smallest unit being 1000000 / minor units of them.
sized as (
    select
        *,
        {{ days_between('first_date', 'last_date') }} + 1 as day_count,
        {{ millionths('abs(amount)') }} as magnitude,
        1000000 // {{ minor_units('currency') }} as unit
    from costs
),

days as (
    select
        *,
        {{ each_day('first_date', "least(last_date, " ~ as_of_date() ~ ")") }} as spend_date
    from sized
    where first_date <= {{ as_of_date() }}
),

-- Evenly, the odd units going to the first days and what is less than a unit to the very first, so that the sum is exact.
shared as (
    select
        *,
        (
            magnitude // unit // day_count
            + case when {{ days_between('first_date', 'spend_date') }} < magnitude // unit % day_count then 1 else 0 end
        ) * unit
        + case when spend_date = first_date then magnitude % unit else 0 end as share
    from days
)

select
    source_file,
    row_number,
    first_date,
    spend_date,
    channel,
    vendor,
    currency,
    cast(
        sign(amount) * cast(share as decimal(38, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)
    ) as amount
from shared
