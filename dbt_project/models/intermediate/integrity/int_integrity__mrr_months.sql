with

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

monthly as (
    select
        *,
        lag(closing_mrr_eur) over (order by revenue_month asc) as last_closing_mrr_eur,
        lag(paying_accounts) over (order by revenue_month asc) as last_paying_accounts
    from {{ ref('revenue_monthly') }}
),

-- The month after the last one has no row yet.
openings as (
    select
        coalesce(this_month.account_id, last_month.account_id) as account_id,
        coalesce(this_month.mrr_month, {{ add_months('last_month.mrr_month', 1) }}) as mrr_month,
        last_month.mrr_eur as last_mrr_eur,
        this_month.mrr_previous_eur
    from account_months as this_month
    full outer join account_months as last_month
        on
            this_month.account_id = last_month.account_id
            and this_month.mrr_month = {{ add_months('last_month.mrr_month', 1) }}
    where coalesce(this_month.mrr_month, {{ add_months('last_month.mrr_month', 1) }}) <= {{ as_of_date() }}
)

select
    {{ compared(
        '3.1', 'opening_movement_and_fx_make_closing_in_eur',
        'mrr_previous_eur + mrr_delta_eur + fx_delta_eur = mrr_eur, each row of fct_mrr_account_months',
        'mrr_month', 'account_id',
        'coalesce(mrr_previous_eur, 0) + coalesce(mrr_delta_eur, 0) + coalesce(fx_delta_eur, 0)', 'coalesce(mrr_eur, 0)'
    ) }}
from account_months

union all

select
    {{ compared(
        '3.1', 'account_opens_with_its_last_closing', 'mrr_eur of the month before = mrr_previous_eur, each account',
        'mrr_month', 'account_id', 'coalesce(last_mrr_eur, 0)', 'coalesce(mrr_previous_eur, 0)'
    ) }}
from openings

union all

select
    {{ compared(
        '3.1', 'opening_movements_and_fx_make_closing_mrr',
        'opening + new + expansion + reactivation + contraction + churn + FX = closing, revenue_monthly',
        'revenue_month', 'revenue_month',
        'opening_mrr_eur + new_mrr_eur + expansion_mrr_eur + reactivation_mrr_eur + contraction_mrr_eur + churn_mrr_eur + fx_delta_eur',
        'closing_mrr_eur'
    ) }}
from monthly

union all

select
    {{ compared(
        '3.1', 'month_opens_with_the_last_closing_mrr', 'closing_mrr_eur of the month before = opening_mrr_eur, revenue_monthly',
        'revenue_month', 'revenue_month', 'coalesce(last_closing_mrr_eur, 0)', 'opening_mrr_eur'
    ) }}
from monthly

union all

select
    {{ compared(
        '3.1', 'accounts_gained_and_lost_make_paying_accounts',
        'opening_accounts + new + reactivated - churned = paying_accounts, revenue_monthly',
        'revenue_month', 'revenue_month', 'opening_accounts + new_accounts + reactivated_accounts - churned_accounts', 'paying_accounts'
    ) }}
from monthly

union all

select
    {{ compared(
        '3.1', 'month_opens_with_the_last_paying_accounts',
        'paying_accounts of the month before = opening_accounts, revenue_monthly',
        'revenue_month', 'revenue_month', 'coalesce(last_paying_accounts, 0)', 'opening_accounts'
    ) }}
from monthly
