with

balances as (
    select * from {{ ref('int_mrr__balances') }}
),

months as (
    select * from {{ ref('int_mrr__months') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

-- Only months in which something stands: the cost is that of the answer, not of accounts times months.
closing as (
    select
        balances.account_id,
        balances.currency,
        months.revenue_month,
        balances.mrr,
        balances.mrr_billed,
        balances.mrr_committed
    from balances
    inner join months
        on
            balances.effective_at < months.month_end_at
            and (balances.next_effective_at is null or balances.next_effective_at >= months.month_end_at)
    where
        balances.mrr <> 0
        or balances.mrr_billed <> 0
),

-- A month with a balance, or the one after it.
touched as (
    select
        account_id,
        currency,
        revenue_month
    from closing

    union

    select
        closing.account_id,
        closing.currency,
        months.revenue_month
    from closing
    inner join months
        on months.revenue_month = cast(closing.revenue_month + interval 1 month as date)
)

select
    touched.account_id,
    touched.currency,
    touched.revenue_month,
    coalesce(closing.mrr, 0) as mrr,
    coalesce(opening.mrr, 0) as mrr_previous,
    {{ convert('coalesce(closing.mrr, 0)', 'rates.rate', 'rates.reporting_rate') }} as mrr_eur,
    {{ convert('coalesce(closing.mrr_billed, 0)', 'rates.rate', 'rates.reporting_rate') }} as mrr_billed_eur,
    {{ convert('coalesce(closing.mrr_committed, 0)', 'rates.rate', 'rates.reporting_rate') }} as mrr_committed_eur,
    {{ convert('coalesce(opening.mrr, 0)', 'previous_rates.rate', 'previous_rates.reporting_rate') }} as mrr_previous_eur,
    {{ convert('coalesce(opening.mrr, 0)', 'rates.rate', 'rates.reporting_rate') }} as mrr_restated_eur
from touched
inner join months
    on touched.revenue_month = months.revenue_month
left join closing
    on
        touched.account_id = closing.account_id
        and touched.currency = closing.currency
        and touched.revenue_month = closing.revenue_month
left join closing as opening
    on
        touched.account_id = opening.account_id
        and touched.currency = opening.currency
        and touched.revenue_month = cast(opening.revenue_month + interval 1 month as date)
left join rates
    on
        touched.currency = rates.currency
        and months.rate_date = rates.rate_date
left join rates as previous_rates
    on
        touched.currency = previous_rates.currency
        and months.previous_rate_date = previous_rates.rate_date
