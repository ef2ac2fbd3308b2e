-- METRICS 3.1: per account and currency opening + movements = closing, every month, in the original currency.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_account_months"}}}) }}

with

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

month_balances as (
    select * from {{ ref('int_mrr__month_balances') }}
),

moved as (
    select
        account_id,
        currency,
        {{ month_of('effective_date') }} as revenue_month,
        sum(mrr_delta) as moved_mrr
    from movements
    group by
        account_id,
        currency,
        {{ month_of('effective_date') }}
),

-- A month that starts and ends at nothing has movements, but no balance.
compared as (
    select
        account_id,
        currency,
        revenue_month,
        coalesce(month_balances.mrr_previous, 0) as opening_mrr,
        coalesce(moved.moved_mrr, 0) as moved_mrr,
        coalesce(month_balances.mrr, 0) as closing_mrr
    from month_balances
    full outer join moved
        using (account_id, currency, revenue_month)
)

select *
from compared
where opening_mrr + moved_mrr <> closing_mrr
