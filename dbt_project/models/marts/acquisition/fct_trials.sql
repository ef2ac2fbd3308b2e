with

trials as (
    select * from {{ ref('int_accounts__trials') }}
),

channels as (
    select * from {{ ref('int_accounts__acquisition_channels') }}
),

dated as (
    select
        *,
        {{ local_date('trial_started_at') }} as trial_started_date,
        {{ local_date('converted_at') }} as converted_date
    from trials
)

select
    dated.account_id,
    dated.trial_started_at,
    {{ month_of('dated.trial_started_date') }} as cohort_month,
    dated.trial_ends_at,
    dated.converted_at,
    dated.converted_at is not null as is_converted,
    {{ days_between('dated.trial_started_date', 'dated.converted_date') }} as days_to_convert,
    {{ days_between('dated.trial_started_date', as_of_date()) }} >= {{ var('activation_window_days') }} as is_matured,
    coalesce(channels.acquisition_channel, 'other') as acquisition_channel
from dated
left join channels on dated.account_id = channels.account_id
