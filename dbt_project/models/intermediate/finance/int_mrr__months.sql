with

balances as (
    select * from {{ ref('int_mrr__balances') }}
),

first_movement as (
    select {{ month_of('min(effective_date)') }} as first_month
    from balances
    where mrr_delta <> 0
),

months as (
    select cast(unnest(generate_series(first_month, {{ as_of_date() }}, interval 1 month)) as date) as revenue_month
    from first_movement
),

bounded as (
    select
        revenue_month,
        least(cast(last_day(revenue_month) as date), {{ as_of_date() }}) as rate_date
    from months
)

select
    revenue_month,
    rate_date,
    rate_date = cast(last_day(revenue_month) as date) as is_complete,
    -- Exclusive: the instant at which the month, or as_of_date, is over.
    {{ local_midnight('rate_date + interval 1 day') }} as month_end_at,
    {{ local_midnight('revenue_month') }} as month_start_at,
    lag(rate_date) over (order by revenue_month asc) as previous_rate_date
from bounded
