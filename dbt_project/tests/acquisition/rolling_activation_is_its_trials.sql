-- METRICS 2.3: each trial spread over the thirty days that its end counts in; every day since the first trial has a row.
{{ config(meta={"dagster": {"ref": {"name": "activation_rolling"}}}) }}

with

rolling as (
    select * from {{ ref('activation_rolling') }}
),

trials as (
    select
        {{ local_date('trial_started_at') }} as started_date,
        {{ local_date('trial_ends_at') }} as ends_date,
        {{ local_date('converted_at') }} as converted_date
    from {{ ref('fct_trials') }}
),

spread as (
    select
        converted_date,
        {{ each_day('ends_date', "least(" ~ add_days('ends_date', 29) ~ ", " ~ as_of_date() ~ ")") }} as activity_date
    from trials
    where ends_date <= {{ as_of_date() }}
),

counted as (
    select
        activity_date,
        count(*) as trials_ended_30d,
        count(*) filter (where converted_date <= activity_date) as conversions_30d
    from spread
    group by activity_date
),

days as (
    select {{ each_day('min(started_date)', as_of_date()) }} as activity_date
    from trials
),

reckoned as (
    select
        days.activity_date,
        coalesce(counted.trials_ended_30d, 0) as trials_ended_30d,
        coalesce(counted.conversions_30d, 0) as conversions_30d
    from days
    left join counted on days.activity_date = counted.activity_date
)

select *
from rolling
full outer join reckoned
    on rolling.activity_date = reckoned.activity_date
where {{ differs('rolling', 'reckoned', 'activity_date', ['trials_ended_30d', 'conversions_30d']) }}
