with

trials as (
    select
        *,
        {{ local_date('trial_started_at') }} as trial_started_date,
        {{ local_date('trial_ends_at') }} as trial_ends_date,
        {{ local_date('converted_at') }} as converted_date
    from {{ ref('fct_trials') }}
),

bounds as (
    select min(trial_started_date) as first_date
    from trials
),

days as (
    select {{ each_day('first_date', as_of_date()) }} as activity_date
    from bounds
    where first_date is not null
),

windows as (
    select
        days.activity_date,
        count(trials.account_id) as trials_ended_30d,
        count(case when trials.converted_date <= days.activity_date then 1 end) as conversions_30d
    from days
    left join trials
        on trials.trial_ends_date between {{ add_days('days.activity_date', -29) }} and days.activity_date
    group by days.activity_date
)

select
    activity_date,
    trials_ended_30d,
    conversions_30d,
    {{ ratio('conversions_30d', 'trials_ended_30d') }} as conversion_ratio_30d
from windows
