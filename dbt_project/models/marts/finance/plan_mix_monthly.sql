with

account_months as (
    select *
    from {{ ref('fct_mrr_account_months') }}
    where movement_type is distinct from 'churn'
),

monthly as (
    select
        mrr_month as revenue_month,
        plan,
        count(*) as paying_accounts,
        coalesce(sum(mrr_eur), 0) as mrr_eur
    from account_months
    group by
        mrr_month,
        plan
),

totalled as (
    select
        *,
        sum(paying_accounts) over (partition by revenue_month) as month_accounts,
        sum(mrr_eur) over (partition by revenue_month) as month_mrr_eur
    from monthly
)

select
    revenue_month,
    plan,
    paying_accounts,
    {{ ratio('paying_accounts', 'month_accounts') }} as accounts_ratio,
    cast(mrr_eur as decimal(18, 4)) as mrr_eur,
    {{ ratio('mrr_eur', 'month_mrr_eur') }} as mrr_ratio
from totalled
