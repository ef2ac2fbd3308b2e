-- METRICS 2.2: mrr_daily has every day from the first movement to as_of_date, and no mart of MRR has a later one.
{{ config(meta={"dagster": {"ref": {"name": "mrr_daily"}}}) }}

with

days as (
    select
        min(date) as first_date,
        max(date) as last_date,
        count(*) as day_count
    from {{ ref('mrr_daily') }}
),

movements as (
    select
        min(effective_date) as first_date,
        max(effective_date) as last_date
    from {{ ref('fct_mrr_movements') }}
)

select
    movements.first_date as first_movement_date,
    movements.last_date as last_movement_date,
    days.first_date,
    days.last_date,
    days.day_count
from days
cross join movements
where
    movements.first_date is distinct from days.first_date
    or (days.last_date is not null and days.last_date <> {{ as_of_date() }})
    or movements.last_date > {{ as_of_date() }}
    or days.day_count <> coalesce({{ days_between('days.first_date', 'days.last_date') }} + 1, 0)
