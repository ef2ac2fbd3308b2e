-- METRICS 3.5: spend, trials and new paying accounts of `blended` = those of all channels = those of the facts, each month.
{{ config(meta={"dagster": {"ref": {"name": "cac_monthly"}}}) }}

with

monthly as (
    select
        cac_month,
        sum(case when channel = 'blended' then coalesce(spend_eur, 0) else 0 end) as blended_spend_eur,
        sum(case when channel <> 'blended' then coalesce(spend_eur, 0) else 0 end) as channels_spend_eur,
        sum(case when channel = 'blended' then new_paying_accounts else 0 end) as blended_accounts,
        sum(case when channel <> 'blended' then new_paying_accounts else 0 end) as channels_accounts
    from {{ ref('cac_monthly') }}
    group by cac_month
),

spend as (
    select
        {{ month_of('spend_date') }} as cac_month,
        sum(spend_eur) as spend_eur
    from {{ ref('fct_spend_daily') }}
    group by {{ month_of('spend_date') }}
),

acquired as (
    select coalesce(sum(blended_accounts), 0) as account_count
    from monthly
),

paying as (
    select count(distinct account_id) as account_count
    from {{ ref('fct_mrr_movements') }}
)

select
    cast(coalesce(monthly.cac_month, spend.cac_month) as text) as subject,
    monthly.blended_spend_eur as blended,
    monthly.channels_spend_eur as channels,
    spend.spend_eur as facts
from monthly
full outer join spend on monthly.cac_month = spend.cac_month
where
    coalesce(monthly.blended_spend_eur, 0) <> coalesce(spend.spend_eur, 0)
    or coalesce(monthly.channels_spend_eur, 0) <> coalesce(spend.spend_eur, 0)
    or monthly.blended_accounts <> monthly.channels_accounts

union all

select
    'accounts ever paying' as subject,
    acquired.account_count as blended,
    acquired.account_count as channels,
    paying.account_count as facts
from acquired
cross join paying
where acquired.account_count <> paying.account_count
