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

spend as (
    select * from {{ ref('int_spend__daily') }}
),

spend_days as (
    select * from {{ ref('fct_spend_daily') }}
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

-- Reckoned from the bill in one go, not by spreading it: the waiting days are the last ones, and the odd units went to the first.
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
        sum(amount) as amount,
        sum(cast(waiting_millionths as hugeint)) as waiting_millionths
    from waiting
    group by
        {{ month_of('first_date') }},
        currency
),

spend_out as (
    select
        {{ month_of('first_date') }} as bill_month,
        currency,
        sum(amount) as amount
    from spend
    group by
        {{ month_of('first_date') }},
        currency
),

bill_months as (
    select
        coalesce(spend_in.bill_month, spend_out.bill_month) as bill_month,
        coalesce(spend_in.currency, spend_out.currency) as currency,
        coalesce(spend_in.amount, 0) as amount_in,
        coalesce(spend_out.amount, 0) as amount_out,
        cast(coalesce(spend_in.waiting_millionths, 0) as decimal(28, 0)) * cast(0.000001 as decimal(7, 6)) as amount_waiting
    from spend_in
    full outer join spend_out
        on
            spend_in.bill_month = spend_out.bill_month
            and spend_in.currency = spend_out.currency
),

converted as (
    select
        spend_date,
        channel,
        sum(amount_eur) as spend_eur
    from spend
    group by
        spend_date,
        channel
),

reported as (
    select
        spend_date,
        channel,
        sum(spend_eur) as spend_eur
    from spend_days
    group by
        spend_date,
        channel
),

channel_days as (
    select
        coalesce(converted.spend_date, reported.spend_date) as spend_date,
        coalesce(converted.channel, reported.channel) as channel,
        coalesce(converted.spend_eur, 0) as converted_eur,
        coalesce(reported.spend_eur, 0) as reported_eur
    from converted
    full outer join reported
        on
            converted.spend_date = reported.spend_date
            and converted.channel = reported.channel
)

select
    {{ compared(
        '3.6', 'spend_in_is_spend_out_and_days_that_wait', 'bills and ads as landed = spend by day + days that wait, before conversion',
        "bill_month || ' ' || currency", "bill_month || ' ' || currency", 'amount_in', 'amount_out + amount_waiting'
    ) }}
from bill_months

union all

select
    {{ compared(
        '3.6', 'spend_by_day_adds_up_to_its_rows', 'rows converted = sum of fct_spend_daily.spend_eur, each day and channel',
        month_of('spend_date'), "spend_date || ' ' || channel", 'converted_eur', 'reported_eur'
    ) }}
from channel_days
