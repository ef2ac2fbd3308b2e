{#-
    From changes, not from days times accounts: what is counted each day is how many accounts stand at each distinct balance of a currency,
    so that each account's rounded amount at that day's rate is added exactly, at the cost of the distinct balances.
-#}

with

movements as (
    select * from {{ ref('int_mrr__movements') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

days as (
    select {{ each_day('min(effective_date)', as_of_date()) }} as date
    from movements
),

balance_changes as (
    select
        currency,
        mrr_after as balance,
        effective_date,
        1 as account_delta
    from movements

    union all

    select
        currency,
        mrr_before as balance,
        effective_date,
        -1 as account_delta
    from movements
),

counted as (
    select
        currency,
        balance,
        effective_date,
        sum(sum(account_delta)) over (partition by currency, balance order by effective_date asc) as account_count,
        lead(effective_date) over (partition by currency, balance order by effective_date asc) as next_date
    from balance_changes
    where balance > 0
    group by
        currency,
        balance,
        effective_date
),

daily_mrr as (
    select
        days.date,
        sum(
            counted.account_count * {{ convert('counted.balance', 'rates.rate', 'rates.reporting_rate') }}
        ) as mrr_eur
    from days
    inner join counted
        on
            days.date >= counted.effective_date
            and (counted.next_date is null or days.date < counted.next_date)
    left join rates
        on
            counted.currency = rates.currency
            and days.date = rates.rate_date
    where counted.account_count > 0
    group by days.date
),

account_changes as (
    select
        effective_date,
        count(distinct account_id || ' ' || effective_at) filter (where is_account_start)
        - count(distinct account_id || ' ' || effective_at) filter (where is_account_end) as account_delta
    from movements
    group by effective_date
),

daily_accounts as (
    select
        days.date,
        sum(coalesce(account_changes.account_delta, 0)) over (order by days.date asc) as paying_accounts
    from days
    left join account_changes
        on days.date = account_changes.effective_date
)

select
    daily_accounts.date,
    cast(coalesce(daily_mrr.mrr_eur, 0) as decimal(18, 4)) as mrr_eur,
    cast(12 * coalesce(daily_mrr.mrr_eur, 0) as decimal(18, 4)) as arr_eur,
    cast(daily_accounts.paying_accounts as bigint) as paying_accounts
from daily_accounts
left join daily_mrr
    on daily_accounts.date = daily_mrr.date
