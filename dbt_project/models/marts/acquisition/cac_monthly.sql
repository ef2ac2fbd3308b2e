with

spend as (
    select * from {{ ref('fct_spend_daily') }}
),

trials as (
    select * from {{ ref('fct_trials') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

acquisition_channels as (
    select * from {{ ref('int_accounts__acquisition_channels') }}
),

first_mrr as (
    select
        account_id,
        min(effective_date) as first_mrr_date
    from movements
    group by account_id
),

facts as (
    select
        {{ month_of('spend_date') }} as cac_month,
        channel,
        1 as spend_row,
        spend_eur,
        0 as trial,
        0 as new_paying_account
    from spend
    union all
    select
        cohort_month as cac_month,
        acquisition_channel as channel,
        0 as spend_row,
        null as spend_eur,
        1 as trial,
        0 as new_paying_account
    from trials
    union all
    select
        {{ month_of('first_mrr.first_mrr_date') }} as cac_month,
        coalesce(acquisition_channels.acquisition_channel, 'other') as channel,
        0 as spend_row,
        null as spend_eur,
        0 as trial,
        1 as new_paying_account
    from first_mrr
    left join acquisition_channels on first_mrr.account_id = acquisition_channels.account_id
),

-- No spend is 0; spend of which no part could be converted is unknown.
monthly as (
    select
        cac_month,
        coalesce(channel, 'blended') as channel,
        cast(case when sum(spend_row) = 0 then 0 else sum(spend_eur) end as decimal(18, 4)) as spend_eur,
        cast(sum(trial) as bigint) as trial_count,
        cast(sum(new_paying_account) as bigint) as new_paying_accounts
    from facts
    group by grouping sets ((cac_month, channel), (cac_month))
)

select
    cac_month,
    channel,
    spend_eur,
    trial_count,
    new_paying_accounts,
    {{ quotient('spend_eur', 'new_paying_accounts') }} as cac_eur,
    {{ quotient('spend_eur', 'trial_count') }} as cost_per_trial_eur
from monthly
where spend_eur is null or spend_eur <> 0 or trial_count > 0 or new_paying_accounts > 0
