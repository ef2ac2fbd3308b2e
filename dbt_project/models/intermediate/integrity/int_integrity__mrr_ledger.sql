with

movements as (
    select
        *,
        account_id || ' ' || currency || ' ' || cast(effective_at as varchar) as ledger_row,
        lag(mrr_after) over (partition by account_id, currency order by effective_at asc) as last_mrr_after
    from {{ ref('fct_mrr_movements') }}
),

month_balances as (
    select * from {{ ref('int_mrr__month_balances') }}
),

month_deltas as (
    select
        account_id,
        currency,
        {{ month_of('effective_date') }} as revenue_month,
        sum(mrr_delta) as mrr_delta
    from movements
    group by
        account_id,
        currency,
        {{ month_of('effective_date') }}
),

months as (
    select
        coalesce(month_balances.account_id, month_deltas.account_id) as account_id,
        coalesce(month_balances.currency, month_deltas.currency) as currency,
        coalesce(month_balances.revenue_month, month_deltas.revenue_month) as revenue_month,
        coalesce(month_balances.mrr_previous, 0) as mrr_previous,
        coalesce(month_deltas.mrr_delta, 0) as mrr_delta,
        coalesce(month_balances.mrr, 0) as mrr
    from month_balances
    full outer join month_deltas
        on
            month_balances.account_id = month_deltas.account_id
            and month_balances.currency = month_deltas.currency
            and month_balances.revenue_month = month_deltas.revenue_month
)

select
    {{ compared(
        '3.1', 'movement_leads_from_balance_to_balance', 'mrr_before + mrr_delta = mrr_after, each movement',
        'currency', 'ledger_row', 'mrr_before + mrr_delta', 'mrr_after'
    ) }}
from movements

union all

select
    {{ compared(
        '3.1', 'movement_begins_where_the_last_ended', 'mrr_after of the movement before = mrr_before, each movement',
        'currency', 'ledger_row', 'coalesce(last_mrr_after, 0)', 'mrr_before'
    ) }}
from movements

union all

select
    {{ compared(
        '3.1', 'opening_and_movements_make_closing_in_each_currency',
        'MRR at the last month end + movements of the month = MRR at the month end, each account',
        "revenue_month || ' ' || currency", 'account_id', 'mrr_previous + mrr_delta', 'mrr'
    ) }}
from months
