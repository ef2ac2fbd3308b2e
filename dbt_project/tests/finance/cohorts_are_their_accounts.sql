-- METRICS 2.2: every account of a cohort asked month by month whether it pays, paid the month before, and what it has brought so far.
{{ config(meta={"dagster": {"ref": {"name": "churn_cohorts"}}}) }}

with

cohorts as (
    select * from {{ ref('churn_cohorts') }}
),

members as (
    select
        account_id,
        {{ month_of(local_date('first_mrr_at')) }} as cohort_month
    from {{ ref('dim_accounts') }}
    where first_mrr_at is not null
),

months as (
    select
        revenue_month,
        {{ add_months('revenue_month', -1) }} as month_before
    from {{ ref('revenue_monthly') }}
),

paying as (
    select *
    from {{ ref('fct_mrr_account_months') }}
    where not coalesce(movement_type = 'churn', false)
),

revenue as (
    select
        account_id,
        {{ month_of('revenue_date') }} as revenue_month,
        sum(amount_eur) as amount_eur
    from {{ ref('fct_revenue_lines') }}
    group by account_id, {{ month_of('revenue_date') }}
),

retained as (
    select
        members.cohort_month,
        months.revenue_month,
        count(*) as cohort_accounts,
        count(now.account_id) as retained_accounts,
        count(before.account_id) filter (where now.account_id is null) as churned_accounts,
        coalesce(sum(now.mrr_eur), 0) as retained_mrr_eur
    from members
    inner join months on members.cohort_month <= months.revenue_month
    left join paying as now on members.account_id = now.account_id and months.revenue_month = now.mrr_month
    left join paying as before on members.account_id = before.account_id and months.month_before = before.mrr_month
    group by members.cohort_month, months.revenue_month
),

brought as (
    select
        members.cohort_month,
        revenue.revenue_month,
        sum(revenue.amount_eur) as amount_eur
    from members
    inner join revenue on members.account_id = revenue.account_id
    group by members.cohort_month, revenue.revenue_month
),

reckoned as (
    select
        retained.cohort_month,
        date_diff('month', retained.cohort_month, retained.revenue_month) as months_since,
        any_value(retained.cohort_accounts) as cohort_accounts,
        any_value(retained.retained_accounts) as retained_accounts,
        any_value(retained.churned_accounts) as churned_accounts,
        any_value(retained.retained_mrr_eur) as retained_mrr_eur,
        coalesce(sum(brought.amount_eur), 0) as cumulative_revenue_eur
    from retained
    left join brought
        on retained.cohort_month = brought.cohort_month and retained.revenue_month >= brought.revenue_month
    group by retained.cohort_month, retained.revenue_month
)

select *
from cohorts
full outer join reckoned
    on cohorts.cohort_month = reckoned.cohort_month and cohorts.months_since = reckoned.months_since
where {{ differs(
    'cohorts', 'reckoned', 'cohort_month',
    ['cohort_accounts', 'retained_accounts', 'churned_accounts', 'retained_mrr_eur', 'cumulative_revenue_eur']
) }}
