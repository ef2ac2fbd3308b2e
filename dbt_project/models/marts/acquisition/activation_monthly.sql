with

trials as (
    select
        *,
        case when days_to_convert <= {{ var('activation_window_days') }} then days_to_convert end as days_within_window
    from {{ ref('fct_trials') }}
),

by_channel_and_all as (
    select
        account_id,
        cohort_month,
        is_matured,
        days_within_window,
        acquisition_channel
    from trials
    union all
    select
        account_id,
        cohort_month,
        is_matured,
        days_within_window,
        'all' as acquisition_channel
    from trials
),

ranked as (
    select
        *,
        row_number() over (
            partition by cohort_month, acquisition_channel order by days_within_window nulls last, account_id
        ) as position,
        count(days_within_window) over (partition by cohort_month, acquisition_channel) as value_count
    from by_channel_and_all
),

monthly as (
    select
        cohort_month,
        acquisition_channel,
        count(*) as trial_count,
        count(days_within_window) as converted_count,
        count(case when is_matured then 1 end) as matured_count,
        {{ percentile_of_ranked('days_within_window', 'position', 'value_count', 5) }} as median_days_to_convert
    from ranked
    group by cohort_month, acquisition_channel
)

select
    cohort_month,
    acquisition_channel,
    trial_count,
    converted_count,
    {{ ratio('converted_count', 'trial_count') }} as activation_ratio,
    matured_count,
    matured_count = trial_count as is_matured,
    median_days_to_convert
from monthly
