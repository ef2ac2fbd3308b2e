-- METRICS 2.4: every day from the first fact of any kind, each in its week, month, quarter and year by the day's own numbers.
{{ config(meta={"dagster": {"ref": {"name": "dim_dates"}}}) }}

with

dates as (
    select * from {{ ref('dim_dates') }}
),

facts as (
    select min(activity_date) as first_date from {{ ref('fct_agent_days') }}
    union all
    select {{ local_date('min(created_at)') }} from {{ ref('dim_agents') }}
    union all
    select min(spend_date) from {{ ref('fct_spend_daily') }}
    union all
    select {{ local_date('min(trial_started_at)') }} from {{ ref('fct_trials') }}
    union all
    select min(date) from {{ ref('mrr_daily') }}
    union all
    select min(revenue_date) from {{ ref('fct_revenue_lines') }}
),

days as (
    select {{ each_day('min(first_date)', as_of_date()) }} as date
    from facts
),

reckoned as (
    select
        date,
        {{ monday_of('date') }} as week,
        make_date(year(date), month(date), 1) as month,
        make_date(year(date), 3 * ((month(date) - 1) // 3) + 1, 1) as quarter,
        make_date(year(date), 1, 1) as year,
        isodow(date) in (6, 7) as is_weekend
    from days
)

select *
from dates
full outer join reckoned
    on dates.date = reckoned.date
where {{ differs('dates', 'reckoned', 'date', ['week', 'month', 'quarter', 'year', 'is_weekend']) }}
