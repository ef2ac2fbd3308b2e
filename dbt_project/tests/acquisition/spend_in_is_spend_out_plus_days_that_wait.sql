-- METRICS 3.6: spend in = spend out + days that wait, each currency and month of the bill, before conversion. What waits is reckoned from
-- the bill in one go, not by spreading it. (Quarantined rows are in no staging table; their count stands in the manifests.)
{{ config(meta={"dagster": {"ref": {"name": "fct_spend_daily"}}}) }}

with

bills as (
    select
        spend_date as first_date,
        spend_date as last_date,
        currency,
        amount
    from {{ ref('stg_spend__google_ads') }}
    union all
    select
        first_date,
        last_date,
        currency,
        amount
    from {{ ref('stg_spend__costs') }}
),

sized as (
    select
        *,
        {{ days_between('first_date', 'last_date') }} + 1 as day_count,
        greatest(0, {{ days_between("greatest(first_date, " ~ add_days(as_of_date(), 1) ~ ")", 'last_date') }} + 1) as waiting_day_count,
        {{ millionths('abs(amount)') }} as magnitude,
        1000000 // {{ minor_units('currency') }} as unit
    from bills
),

waiting as (
    select
        *,
        case
            when waiting_day_count = day_count then magnitude
            else unit * (
                waiting_day_count * (magnitude // unit // day_count)
                + greatest(0, magnitude // unit % day_count - (day_count - waiting_day_count))
            )
        end * sign(amount) as waiting_millionths
    from sized
),

spend_in as (
    select
        {{ month_of('first_date') }} as bill_month,
        currency,
        sum({{ millionths('amount') }} - waiting_millionths) as millionths
    from waiting
    group by {{ month_of('first_date') }}, currency
),

spend_out as (
    select
        {{ month_of('first_date') }} as bill_month,
        currency,
        sum({{ millionths('amount') }}) as millionths
    from {{ ref('int_spend__daily') }}
    group by {{ month_of('first_date') }}, currency
)

select
    coalesce(spend_in.bill_month, spend_out.bill_month) as bill_month,
    coalesce(spend_in.currency, spend_out.currency) as currency,
    spend_in.millionths as due_millionths,
    spend_out.millionths as spent_millionths
from spend_in
full outer join spend_out
    on
        spend_in.bill_month = spend_out.bill_month
        and spend_in.currency = spend_out.currency
where coalesce(spend_in.millionths, 0) <> coalesce(spend_out.millionths, 0)
