-- METRICS 2.2: each account's last balances before a month is over, at the rates of its last day; billed MRR item by item.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_account_months"}}}) }}

with

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

movements as (
    select
        *,
        lead(effective_at) over (partition by account_id, currency order by effective_at asc) as next_effective_at
    from {{ ref('fct_mrr_movements') }}
),

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

months as (
    select
        revenue_month as mrr_month,
        {{ last_day_of_month('revenue_month') }} as last_date,
        {{ last_day_of_month(add_months('revenue_month', -1)) }} as previous_last_date
    from {{ ref('revenue_monthly') }}
),

bounded as (
    select
        *,
        {{ local_midnight('mrr_month') }} as start_at,
        {{ local_midnight(add_days('last_date', 1)) }} as end_at
    from months
),

-- What stands at either end of a month.
standing as (
    select
        bounded.mrr_month,
        movements.account_id,
        movements.currency,
        sum(case when coalesce(movements.next_effective_at >= bounded.end_at, true) then movements.mrr_after else 0 end) as mrr,
        sum(case when movements.effective_at < bounded.start_at then movements.mrr_after else 0 end) as mrr_previous
    from bounded
    inner join movements
        on movements.effective_at < bounded.end_at and coalesce(movements.next_effective_at >= bounded.start_at, true)
    group by bounded.mrr_month, movements.account_id, movements.currency
),

converted as (
    select
        standing.*,
        {{ convert('standing.mrr', 'rates.rate', 'rates.reporting_rate') }} as mrr_eur,
        {{ convert('standing.mrr_previous', 'rates.rate', 'rates.reporting_rate') }} as mrr_restated_eur,
        {{ convert('standing.mrr_previous', 'previous_rates.rate', 'previous_rates.reporting_rate') }} as mrr_previous_eur
    from standing
    inner join bounded on standing.mrr_month = bounded.mrr_month
    left join rates on standing.currency = rates.currency and bounded.last_date = rates.rate_date
    left join rates as previous_rates
        on standing.currency = previous_rates.currency and bounded.previous_last_date = previous_rates.rate_date
),

summed as (
    select
        account_id,
        mrr_month,
        sum(mrr) > 0 as is_paying,
        sum(mrr_previous) > 0 as was_paying,
        case when sum(mrr) > 0 then sum(mrr_eur) filter (where mrr > 0) else 0 end as mrr_eur,
        case when sum(mrr_previous) > 0 then sum(mrr_previous_eur) filter (where mrr_previous > 0) else 0 end as mrr_previous_eur,
        coalesce(sum(mrr_eur), 0) - coalesce(sum(mrr_restated_eur), 0) as mrr_delta_eur,
        coalesce(sum(mrr_restated_eur), 0) - coalesce(sum(mrr_previous_eur), 0) as fx_delta_eur,
        count(mrr_eur) > 0 as has_rate
    from converted
    where mrr > 0 or mrr_previous > 0
    group by account_id, mrr_month
),

billed_currencies as (
    select
        bounded.mrr_month,
        bounded.last_date,
        periods.account_id,
        periods.currency,
        sum(periods.mrr_billed) as mrr_billed,
        sum(periods.mrr) as mrr
    from bounded
    inner join periods
        on periods.valid_from < bounded.end_at and coalesce(periods.valid_to >= bounded.end_at, true)
    group by bounded.mrr_month, bounded.last_date, periods.account_id, periods.currency
),

billed as (
    select
        billed_currencies.mrr_month,
        billed_currencies.account_id,
        sum({{ convert('billed_currencies.mrr_billed', 'rates.rate', 'rates.reporting_rate') }}) as mrr_billed_eur
    from billed_currencies
    left join rates on billed_currencies.currency = rates.currency and billed_currencies.last_date = rates.rate_date
    where billed_currencies.mrr <> 0 or billed_currencies.mrr_billed <> 0
    group by billed_currencies.mrr_month, billed_currencies.account_id
),

reckoned as (
    select
        summed.account_id,
        summed.mrr_month,
        summed.mrr_eur,
        summed.mrr_previous_eur,
        case when summed.is_paying then billed.mrr_billed_eur else 0 end as mrr_billed_eur,
        case
            when not summed.was_paying and accounts.first_mrr_at >= bounded.start_at then 'new'
            when not summed.was_paying then 'reactivation'
            when not summed.is_paying then 'churn'
            when summed.mrr_delta_eur > 0 then 'expansion'
            when summed.mrr_delta_eur < 0 then 'contraction'
            -- Only a currency without a rate may have moved, and the row does not show it.
            else account_months.movement_type
        end as movement_type,
        case when summed.has_rate then summed.mrr_delta_eur end as mrr_delta_eur,
        case when summed.has_rate then summed.fx_delta_eur end as fx_delta_eur,
        accounts.acquisition_channel
    from summed
    inner join bounded on summed.mrr_month = bounded.mrr_month
    left join billed on summed.account_id = billed.account_id and summed.mrr_month = billed.mrr_month
    left join accounts on summed.account_id = accounts.account_id
    left join account_months on summed.account_id = account_months.account_id and summed.mrr_month = account_months.mrr_month
)

select *
from account_months
full outer join reckoned
    on account_months.account_id = reckoned.account_id and account_months.mrr_month = reckoned.mrr_month
where {{ differs(
    'account_months', 'reckoned', 'account_id',
    [
        'mrr_eur', 'mrr_previous_eur', 'mrr_billed_eur', 'mrr_delta_eur', 'fx_delta_eur', 'movement_type', 'acquisition_channel'
    ]
) }}
