-- METRICS 3.2: Σ dim_accounts = the last day of mrr_daily, MRR and paying accounts.
{{ config(meta={"dagster": {"ref": {"name": "dim_accounts"}}}) }}

with

accounts as (
    select
        coalesce(sum(mrr_eur), 0) as mrr_eur,
        count(case when status in ('paying', 'past_due') then 1 end) as paying_accounts
    from {{ ref('dim_accounts') }}
),

today as (
    select
        mrr_eur,
        paying_accounts
    from {{ ref('mrr_daily') }}
    where date = {{ as_of_date() }}
)

select
    accounts.mrr_eur as mrr_of_accounts_eur,
    today.mrr_eur,
    accounts.paying_accounts as paying_of_accounts,
    today.paying_accounts
from accounts
cross join today
where
    accounts.mrr_eur <> today.mrr_eur
    or accounts.paying_accounts <> today.paying_accounts
