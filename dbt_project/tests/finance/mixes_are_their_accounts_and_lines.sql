-- METRICS 2.2: the plans' accounts and MRR, and the revenue of each type, asked of the rows themselves; a share that is nothing has no row.
{{ config(meta={"dagster": {"ref": {"name": "plan_mix_monthly"}}}) }}

with

mixes as (
    select
        'plan_mix_monthly' as mart,
        revenue_month,
        plan as part,
        paying_accounts,
        mrr_eur as amount_eur
    from {{ ref('plan_mix_monthly') }}

    union all

    select
        'revenue_mix_monthly' as mart,
        revenue_month,
        revenue_type as part,
        null as paying_accounts,
        amount_eur
    from {{ ref('revenue_mix_monthly') }}
),

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

months as (
    select distinct month as revenue_month
    from {{ ref('dim_dates') }}
),

reckoned as (
    select
        'plan_mix_monthly' as mart,
        months.revenue_month,
        account_months.plan as part,
        count(account_months.account_id) as paying_accounts,
        coalesce(sum(account_months.mrr_eur), 0) as amount_eur
    from months
    inner join account_months on months.revenue_month = account_months.mrr_month
    where not coalesce(account_months.movement_type = 'churn', false)
    group by months.revenue_month, account_months.plan

    union all

    select
        'revenue_mix_monthly' as mart,
        months.revenue_month,
        lines.revenue_type as part,
        null as paying_accounts,
        sum(lines.amount_eur) as amount_eur
    from months
    inner join lines
        on lines.revenue_date >= months.revenue_month and lines.revenue_date < {{ add_months('months.revenue_month', 1) }}
    group by months.revenue_month, lines.revenue_type
    having sum(lines.amount_eur) <> 0
)

select *
from mixes
full outer join reckoned
    on mixes.mart = reckoned.mart and mixes.revenue_month = reckoned.revenue_month and mixes.part = reckoned.part
where {{ differs('mixes', 'reckoned', 'mart', ['paying_accounts', 'amount_eur']) }}
