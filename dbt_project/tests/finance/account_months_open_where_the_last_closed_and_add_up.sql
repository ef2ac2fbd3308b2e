-- METRICS 3.1, in EUR: mrr_eur = mrr_previous_eur + mrr_delta_eur + fx_delta_eur, and a month opens where the one before closed.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_account_months"}}}) }}

with

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

months as (
    select * from {{ ref('int_mrr__months') }}
),

compared as (
    select
        coalesce(this_month.account_id, last_month.account_id) as account_id,
        months.revenue_month,
        coalesce(last_month.mrr_eur, 0) as last_closing_mrr_eur,
        coalesce(this_month.mrr_previous_eur, 0) as opening_mrr_eur,
        coalesce(this_month.mrr_delta_eur, 0) as moved_mrr_eur,
        coalesce(this_month.fx_delta_eur, 0) as fx_delta_eur,
        coalesce(this_month.mrr_eur, 0) as closing_mrr_eur
    from account_months as this_month
    full outer join account_months as last_month
        on
            this_month.account_id = last_month.account_id
            and this_month.mrr_month = {{ add_months('last_month.mrr_month', 1) }}
    inner join months
        on months.revenue_month = coalesce(this_month.mrr_month, {{ add_months('last_month.mrr_month', 1) }})
)

select *
from compared
where
    last_closing_mrr_eur <> opening_mrr_eur
    or opening_mrr_eur + moved_mrr_eur + fx_delta_eur <> closing_mrr_eur
