with

agent_days as (
    select * from {{ ref('int_agent_days__summed') }}
),

agents as (
    select * from {{ ref('fct_agent_ttfv') }}
),

spend as (
    select * from {{ ref('fct_spend_daily') }}
),

trials as (
    select * from {{ ref('fct_trials') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

revenue_lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

first_dates as (
    select min(activity_date) as first_date
    from agent_days
    union all
    select {{ local_date('min(created_at)') }}
    from agents
    union all
    select min(spend_date)
    from spend
    union all
    select {{ local_date('min(trial_started_at)') }}
    from trials
    union all
    select min(effective_date)
    from movements
    union all
    select min(revenue_date)
    from revenue_lines
),

bounds as (
    select min(first_date) as first_date
    from first_dates
),

days as (
    select {{ each_day('first_date', as_of_date()) }} as date
    from bounds
    where first_date is not null
)

select
    date,
    {{ week_of('date') }} as week,
    {{ month_of('date') }} as month,
    cast(date_trunc('quarter', date) as date) as quarter,
    cast(date_trunc('year', date) as date) as year,
    date >= {{ add_days(week_of('date'), 5) }} as is_weekend
from days
