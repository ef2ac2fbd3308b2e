-- METRICS 2.3: trials counted by channel and over all, conversions by the days between two dates, the median by the engine's own.
{{ config(meta={"dagster": {"ref": {"name": "activation_monthly"}}}) }}

with

activation as (
    select * from {{ ref('activation_monthly') }}
),

trials as (
    select
        *,
        {{ local_date('trial_started_at') }} as started_date,
        {{ local_date('converted_at') }} - {{ local_date('trial_started_at') }} as days
    from {{ ref('fct_trials') }}
),

reckoned as (
    select
        {{ month_of('started_date') }} as cohort_month,
        coalesce(acquisition_channel, 'all') as acquisition_channel,
        count(*) as trial_count,
        count(*) filter (where days <= {{ var('activation_window_days') }}) as converted_count,
        count(*) filter (where started_date <= {{ add_days(as_of_date(), -var('activation_window_days')) }}) as matured_count,
        {{ continuous_percentile('case when days <= ' ~ var('activation_window_days') ~ ' then days end', 0.5) }} as median_days_to_convert
    from trials
    group by grouping sets (
        ({{ month_of('started_date') }}, acquisition_channel),
        ({{ month_of('started_date') }})
    )
)

select *
from activation
full outer join reckoned
    on activation.cohort_month = reckoned.cohort_month and activation.acquisition_channel = reckoned.acquisition_channel
where {{ differs('activation', 'reckoned', 'cohort_month', ['trial_count', 'converted_count', 'matured_count', 'median_days_to_convert']) }}
