with

monthly as (
    select * from {{ ref('revenue_monthly') }}
),

plans as (
    select
        revenue_month,
        sum(paying_accounts) as paying_accounts,
        sum(mrr_eur) as mrr_eur
    from {{ ref('plan_mix_monthly') }}
    group by revenue_month
),

plan_months as (
    select
        coalesce(monthly.revenue_month, plans.revenue_month) as revenue_month,
        coalesce(monthly.paying_accounts, 0) as paying_accounts,
        coalesce(monthly.closing_mrr_eur, 0) as closing_mrr_eur,
        coalesce(plans.paying_accounts, 0) as paying_of_plans,
        coalesce(plans.mrr_eur, 0) as mrr_of_plans_eur
    from monthly
    full outer join plans on monthly.revenue_month = plans.revenue_month
),

revenue_lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

line_months as (
    select
        {{ month_of('revenue_date') }} as revenue_month,
        sum(amount_eur) as amount_eur
    from revenue_lines
    group by {{ month_of('revenue_date') }}
),

types as (
    select
        revenue_month,
        sum(amount_eur) as amount_eur
    from {{ ref('revenue_mix_monthly') }}
    group by revenue_month
),

type_months as (
    select
        coalesce(line_months.revenue_month, types.revenue_month) as revenue_month,
        coalesce(line_months.amount_eur, 0) as amount_of_lines_eur,
        coalesce(types.amount_eur, 0) as amount_of_types_eur
    from line_months
    full outer join types on line_months.revenue_month = types.revenue_month
),

cohorts as (
    select * from {{ ref('churn_cohorts') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

cohort_accounts as (
    select coalesce(sum(cohort_accounts), 0) as account_count
    from cohorts
    where months_since = 0
),

paying_accounts as (
    select distinct account_id
    from movements
),

ever_paying as (
    select count(*) as account_count
    from paying_accounts
),

-- What a cohort has brought stands in its newest row.
newest_cohort_rows as (
    select
        cohort_month,
        cumulative_revenue_eur
    from cohorts
    qualify row_number() over (partition by cohort_month order by months_since desc) = 1
),

revenue_of_cohorts as (
    select coalesce(sum(cumulative_revenue_eur), 0) as revenue_eur
    from newest_cohort_rows
),

revenue_of_accounts as (
    select coalesce(sum(revenue_lines.amount_eur), 0) as revenue_eur
    from revenue_lines
    inner join paying_accounts on revenue_lines.account_id = paying_accounts.account_id
),

cohort_months as (
    select
        {{ add_months('cohort_month', 'months_since') }} as revenue_month,
        sum(retained_accounts) as retained_accounts,
        sum(retained_mrr_eur) as retained_mrr_eur
    from cohorts
    group by {{ add_months('cohort_month', 'months_since') }}
),

retained_months as (
    select
        coalesce(monthly.revenue_month, cohort_months.revenue_month) as revenue_month,
        coalesce(monthly.paying_accounts, 0) as paying_accounts,
        coalesce(monthly.closing_mrr_eur, 0) as closing_mrr_eur,
        coalesce(cohort_months.retained_accounts, 0) as retained_accounts,
        coalesce(cohort_months.retained_mrr_eur, 0) as retained_mrr_eur
    from monthly
    full outer join cohort_months on monthly.revenue_month = cohort_months.revenue_month
)

select
    {{ compared(
        '3.5', 'plans_add_up_to_paying_accounts', 'sum of plan_mix_monthly.paying_accounts = revenue_monthly.paying_accounts',
        'revenue_month', 'revenue_month', 'paying_of_plans', 'paying_accounts'
    ) }}
from plan_months

union all

select
    {{ compared(
        '3.5', 'plans_add_up_to_closing_mrr', 'sum of plan_mix_monthly.mrr_eur = revenue_monthly.closing_mrr_eur',
        'revenue_month', 'revenue_month', 'mrr_of_plans_eur', 'closing_mrr_eur'
    ) }}
from plan_months

union all

select
    {{ compared(
        '3.5', 'revenue_types_add_up_to_revenue_lines', 'sum of revenue_mix_monthly.amount_eur = sum of fct_revenue_lines.amount_eur',
        'revenue_month', 'revenue_month', 'amount_of_types_eur', 'amount_of_lines_eur'
    ) }}
from type_months

union all

select
    {{ compared(
        '3.5', 'cohorts_add_up_to_accounts_ever_paying', 'sum of churn_cohorts.cohort_accounts at month 0 = accounts of fct_mrr_movements',
        "'all'", "'all'", 'cohort_accounts.account_count', 'ever_paying.account_count'
    ) }}
from cohort_accounts
cross join ever_paying

union all

select
    {{ compared(
        '3.5', 'cohorts_add_up_to_revenue_of_their_accounts',
        'sum of the newest churn_cohorts.cumulative_revenue_eur = sum of fct_revenue_lines.amount_eur of accounts ever paying',
        "'all'", "'all'", 'revenue_of_cohorts.revenue_eur', 'revenue_of_accounts.revenue_eur'
    ) }}
from revenue_of_cohorts
cross join revenue_of_accounts

union all

select
    {{ compared(
        '3.5', 'cohorts_retain_the_paying_accounts', 'sum of churn_cohorts.retained_accounts = revenue_monthly.paying_accounts',
        'revenue_month', 'revenue_month', 'retained_accounts', 'paying_accounts'
    ) }}
from retained_months

union all

select
    {{ compared(
        '3.5', 'cohorts_retain_closing_mrr', 'sum of churn_cohorts.retained_mrr_eur = revenue_monthly.closing_mrr_eur',
        'revenue_month', 'revenue_month', 'retained_mrr_eur', 'closing_mrr_eur'
    ) }}
from retained_months
