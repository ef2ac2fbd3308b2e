-- METRICS 2.2: each account's balances spread over the days that they stand at the end of, and these added up at the day's rate.
{{ config(meta={"dagster": {"ref": {"name": "mrr_daily"}}}) }}

with

daily as (
    select * from {{ ref('mrr_daily') }}
),

movements as (
    select
        *,
        coalesce(
            {{ add_days('lead(effective_date) over (partition by account_id, currency order by effective_at asc)', -1) }},
            {{ as_of_date() }}
        ) as last_date
    from {{ ref('fct_mrr_movements') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

-- A balance that another follows on the same day stands at no day's end.
spread as (
    select
        account_id,
        currency,
        mrr_after,
        {{ each_day('effective_date', 'last_date') }} as date
    from movements
    where mrr_after > 0
),

summed as (
    select
        spread.date,
        sum({{ convert('spread.mrr_after', 'rates.rate', 'rates.reporting_rate') }}) as mrr_eur,
        count(distinct spread.account_id) as paying_accounts
    from spread
    left join rates on spread.currency = rates.currency and spread.date = rates.rate_date
    group by spread.date
),

days as (
    select {{ each_day('min(effective_date)', as_of_date()) }} as date
    from movements
),

reckoned as (
    select
        days.date,
        coalesce(summed.mrr_eur, 0) as mrr_eur,
        coalesce(summed.paying_accounts, 0) as paying_accounts
    from days
    left join summed on days.date = summed.date
)

select *
from daily
full outer join reckoned
    on daily.date = reckoned.date
where {{ differs('daily', 'reckoned', 'date', ['mrr_eur', 'paying_accounts']) }}
