with

activation as (
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
),

trial_months as (
    select
        coalesce(activation.cohort_month, trials.cohort_month) as cohort_month,
        coalesce(activation.trials_of_all, 0) as trials_of_all,
        coalesce(activation.trials_of_channels, 0) as trials_of_channels,
        coalesce(activation.converted_of_all, 0) as converted_of_all,
        coalesce(activation.converted_of_channels, 0) as converted_of_channels,
        coalesce(trials.trial_count, 0) as trial_count
    from activation
    full outer join trials on activation.cohort_month = trials.cohort_month
),

costs as (
    select
        cac_month,
        sum(case when channel = 'blended' then spend_eur end) as spend_of_all_eur,
        sum(case when channel <> 'blended' then spend_eur end) as spend_of_channels_eur,
        sum(case when channel = 'blended' then new_paying_accounts else 0 end) as accounts_of_all,
        sum(case when channel <> 'blended' then new_paying_accounts else 0 end) as accounts_of_channels
    from {{ ref('cac_monthly') }}
    group by cac_month
),

spend as (
    select
        {{ month_of('spend_date') }} as cac_month,
        sum(spend_eur) as spend_eur
    from {{ ref('fct_spend_daily') }}
    group by {{ month_of('spend_date') }}
),

first_movements as (
    select
        account_id,
        {{ month_of('min(effective_date)') }} as cac_month
    from {{ ref('fct_mrr_movements') }}
    group by account_id
),

acquired as (
    select
        cac_month,
        count(*) as account_count
    from first_movements
    group by cac_month
),

cost_months as (
    select
        coalesce(costs.cac_month, spend.cac_month, acquired.cac_month) as cac_month,
        coalesce(costs.spend_of_all_eur, 0) as spend_of_all_eur,
        coalesce(costs.spend_of_channels_eur, 0) as spend_of_channels_eur,
        coalesce(costs.accounts_of_all, 0) as accounts_of_all,
        coalesce(costs.accounts_of_channels, 0) as accounts_of_channels,
        coalesce(spend.spend_eur, 0) as spend_eur,
        coalesce(acquired.account_count, 0) as account_count
    from costs
    full outer join spend on costs.cac_month = spend.cac_month
    full outer join acquired on coalesce(costs.cac_month, spend.cac_month) = acquired.cac_month
)

select
    {{ compared(
        '3.5', 'activation_of_all_is_every_trial', 'activation_monthly.trial_count of all = rows of fct_trials',
        'cohort_month', 'cohort_month', 'trials_of_all', 'trial_count'
    ) }}
from trial_months

union all

select
    {{ compared(
        '3.5', 'channels_add_up_to_all_trials', 'sum of activation_monthly.trial_count over the channels = of all',
        'cohort_month', 'cohort_month', 'trials_of_channels', 'trials_of_all'
    ) }}
from trial_months

union all

select
    {{ compared(
        '3.5', 'channels_add_up_to_all_conversions', 'sum of activation_monthly.converted_count over the channels = of all',
        'cohort_month', 'cohort_month', 'converted_of_channels', 'converted_of_all'
    ) }}
from trial_months

union all

select
    {{ compared(
        '3.5', 'blended_spend_is_all_spend', 'cac_monthly.spend_eur blended = sum of fct_spend_daily.spend_eur',
        'cac_month', 'cac_month', 'spend_of_all_eur', 'spend_eur'
    ) }}
from cost_months

union all

select
    {{ compared(
        '3.5', 'channels_add_up_to_blended_spend', 'sum of cac_monthly.spend_eur over the channels = blended',
        'cac_month', 'cac_month', 'spend_of_channels_eur', 'spend_of_all_eur'
    ) }}
from cost_months

union all

select
    {{ compared(
        '3.5', 'blended_accounts_are_all_that_began_to_pay', 'cac_monthly.new_paying_accounts blended = accounts whose ledger begins in the month',
        'cac_month', 'cac_month', 'accounts_of_all', 'account_count'
    ) }}
from cost_months

union all

select
    {{ compared(
        '3.5', 'channels_add_up_to_blended_accounts', 'sum of cac_monthly.new_paying_accounts over the channels = blended',
        'cac_month', 'cac_month', 'accounts_of_channels', 'accounts_of_all'
    ) }}
from cost_months
