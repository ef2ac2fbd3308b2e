-- METRICS 3.5: the parts of every share add up. Each month's row `all` against its channels, and all months against fct_trials.
{{ config(meta={"dagster": {"ref": {"name": "activation_monthly"}}}) }}

with

monthly as (
    select
        cohort_month,
        sum(case when acquisition_channel = 'all' then trial_count else 0 end) as trials_of_all,
        sum(case when acquisition_channel <> 'all' then trial_count else 0 end) as trials_of_channels,
        sum(case when acquisition_channel = 'all' then converted_count else 0 end) as converted_of_all,
        sum(case when acquisition_channel <> 'all' then converted_count else 0 end) as converted_of_channels
    from {{ ref('activation_monthly') }}
    group by cohort_month
),

trials as (
    select
        cohort_month,
        count(*) as trial_count
    from {{ ref('fct_trials') }}
    group by cohort_month
)

select
    coalesce(monthly.cohort_month, trials.cohort_month) as cohort_month,
    monthly.trials_of_all,
    monthly.trials_of_channels,
    trials.trial_count,
    monthly.converted_of_all,
    monthly.converted_of_channels
from monthly
full outer join trials on monthly.cohort_month = trials.cohort_month
where
    monthly.trials_of_all is distinct from trials.trial_count
    or monthly.trials_of_channels is distinct from trials.trial_count
    or monthly.converted_of_all <> monthly.converted_of_channels
