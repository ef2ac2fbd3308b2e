-- METRICS 3.2: Σ fct_mrr_account_months = revenue_monthly = mrr_daily at the month's end = last ledger balances at that day's rates.
{{ config(meta={"dagster": {"ref": {"name": "revenue_monthly"}}}) }}

with

months as (
    select * from {{ ref('int_mrr__months') }}
),

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

revenue_months as (
    select * from {{ ref('revenue_monthly') }}
),

days as (
    select * from {{ ref('mrr_daily') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

from_account_months as (
    select
        mrr_month,
        sum(mrr_eur) as mrr_eur,
        count(*) filter (where movement_type is distinct from 'churn') as paying_accounts
    from account_months
    group by mrr_month
),

last_balances as (
    select
        months.revenue_month,
        months.rate_date,
        movements.account_id,
        movements.currency,
        movements.mrr_after
    from months
    inner join movements
        on movements.effective_date <= months.rate_date
    qualify
        row_number() over (
            partition by months.revenue_month, movements.account_id, movements.currency
            order by movements.effective_at desc
        ) = 1
),

from_ledger as (
    select
        last_balances.revenue_month,
        sum({{ convert('last_balances.mrr_after', 'rates.rate', 'rates.reporting_rate') }}) as mrr_eur,
        count(distinct last_balances.account_id) as paying_accounts
    from last_balances
    left join rates
        on
            last_balances.currency = rates.currency
            and last_balances.rate_date = rates.rate_date
    where last_balances.mrr_after > 0
    group by last_balances.revenue_month
),

compared as (
    select
        months.revenue_month,
        revenue_months.closing_mrr_eur,
        coalesce(from_account_months.mrr_eur, 0) as account_months_mrr_eur,
        days.mrr_eur as daily_mrr_eur,
        coalesce(from_ledger.mrr_eur, 0) as ledger_mrr_eur,
        revenue_months.paying_accounts,
        coalesce(from_account_months.paying_accounts, 0) as account_months_paying_accounts,
        days.paying_accounts as daily_paying_accounts,
        coalesce(from_ledger.paying_accounts, 0) as ledger_paying_accounts
    from months
    left join revenue_months
        on months.revenue_month = revenue_months.revenue_month
    left join from_account_months
        on months.revenue_month = from_account_months.mrr_month
    left join days
        on months.rate_date = days.date
    left join from_ledger
        on months.revenue_month = from_ledger.revenue_month
)

select *
from compared
where
    closing_mrr_eur is distinct from account_months_mrr_eur
    or closing_mrr_eur is distinct from daily_mrr_eur
    or closing_mrr_eur is distinct from ledger_mrr_eur
    or paying_accounts is distinct from account_months_paying_accounts
    or paying_accounts is distinct from daily_paying_accounts
    or paying_accounts is distinct from ledger_paying_accounts
