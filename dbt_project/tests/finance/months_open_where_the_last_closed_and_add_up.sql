-- METRICS 3.1, all accounts: opening + movements + FX = closing, and a month opens where the one before closed, in money and in accounts.
{{ config(meta={"dagster": {"ref": {"name": "revenue_monthly"}}}) }}

with

months as (
    select
        *,
        new_mrr_eur + expansion_mrr_eur + reactivation_mrr_eur + contraction_mrr_eur + churn_mrr_eur as moved_mrr_eur,
        new_accounts + reactivated_accounts - churned_accounts as moved_accounts,
        coalesce(lag(closing_mrr_eur) over (order by revenue_month asc), 0) as last_closing_mrr_eur
    from {{ ref('revenue_monthly') }}
)

select
    revenue_month,
    last_closing_mrr_eur,
    opening_mrr_eur,
    moved_mrr_eur,
    fx_delta_eur,
    closing_mrr_eur,
    opening_accounts,
    moved_accounts,
    paying_accounts
from months
where
    opening_mrr_eur <> last_closing_mrr_eur
    or opening_mrr_eur + moved_mrr_eur + fx_delta_eur <> closing_mrr_eur
    or opening_accounts + moved_accounts <> paying_accounts
