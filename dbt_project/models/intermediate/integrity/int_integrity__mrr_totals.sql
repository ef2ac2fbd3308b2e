with

months as (
    select * from {{ ref('int_mrr__months') }}
),

monthly as (
    select * from {{ ref('revenue_monthly') }}
),

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

days as (
    select * from {{ ref('mrr_daily') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

movements as (
    select
        *,
        lead(effective_at) over (partition by account_id, currency order by effective_at asc) as next_effective_at
    from {{ ref('fct_mrr_movements') }}
),

months_of_accounts as (
    select
        mrr_month,
        sum(mrr_eur) as mrr_eur,
        count(case when movement_type is distinct from 'churn' then 1 end) as paying_accounts
    from account_months
    group by mrr_month
),

ledger as (
    select
        months.revenue_month,
        sum({{ convert('movements.mrr_after', 'rates.rate', 'rates.reporting_rate') }}) as mrr_eur,
        count(distinct movements.account_id) as paying_accounts
    from months
    inner join movements
        on
            movements.effective_at < months.month_end_at
            and (movements.next_effective_at is null or movements.next_effective_at >= months.month_end_at)
            and movements.mrr_after > 0
    left join rates
        on
            movements.currency = rates.currency
            and months.rate_date = rates.rate_date
    group by months.revenue_month
),

month_ends as (
    select
        months.revenue_month,
        monthly.closing_mrr_eur,
        monthly.paying_accounts,
        coalesce(months_of_accounts.mrr_eur, 0) as mrr_of_accounts_eur,
        coalesce(months_of_accounts.paying_accounts, 0) as paying_of_accounts,
        coalesce(ledger.mrr_eur, 0) as mrr_of_ledger_eur,
        coalesce(ledger.paying_accounts, 0) as paying_of_ledger,
        days.mrr_eur as mrr_of_day_eur,
        days.paying_accounts as paying_of_day
    from months
    left join monthly on months.revenue_month = monthly.revenue_month
    left join months_of_accounts on months.revenue_month = months_of_accounts.mrr_month
    left join ledger on months.revenue_month = ledger.revenue_month
    left join days on months.rate_date = days.date
),

-- Before the first movement there is no day, and no account pays.
today as (
    select
        sum(mrr_eur) as mrr_eur,
        sum(paying_accounts) as paying_accounts
    from days
    where date = {{ as_of_date() }}
),

accounts_today as (
    select
        sum(mrr_eur) as mrr_eur,
        count(case when status in ('paying', 'past_due') then 1 end) as paying_accounts
    from accounts
)

select
    {{ compared(
        '3.2', 'mrr_of_accounts_adds_up_to_closing_mrr', 'sum of fct_mrr_account_months.mrr_eur = revenue_monthly.closing_mrr_eur',
        'revenue_month', 'revenue_month', 'mrr_of_accounts_eur', 'closing_mrr_eur'
    ) }}
from month_ends

union all

select
    {{ compared(
        '3.2', 'mrr_of_the_last_day_is_closing_mrr', 'mrr_daily.mrr_eur at the month end = revenue_monthly.closing_mrr_eur',
        'revenue_month', 'revenue_month', 'mrr_of_day_eur', 'closing_mrr_eur'
    ) }}
from month_ends

union all

select
    {{ compared(
        '3.2', 'ledger_at_its_rates_is_closing_mrr',
        'last mrr_after of fct_mrr_movements at that day rates = revenue_monthly.closing_mrr_eur',
        'revenue_month', 'revenue_month', 'mrr_of_ledger_eur', 'closing_mrr_eur'
    ) }}
from month_ends

union all

select
    {{ compared(
        '3.2', 'paying_accounts_are_months_of_accounts',
        'rows of fct_mrr_account_months that are no churn = revenue_monthly.paying_accounts',
        'revenue_month', 'revenue_month', 'paying_of_accounts', 'paying_accounts'
    ) }}
from month_ends

union all

select
    {{ compared(
        '3.2', 'paying_accounts_are_those_of_the_last_day', 'mrr_daily.paying_accounts at the month end = revenue_monthly.paying_accounts',
        'revenue_month', 'revenue_month', 'paying_of_day', 'paying_accounts'
    ) }}
from month_ends

union all

select
    {{ compared(
        '3.2', 'paying_accounts_are_those_of_the_ledger',
        'accounts with mrr_after in fct_mrr_movements at the month end = revenue_monthly.paying_accounts',
        'revenue_month', 'revenue_month', 'paying_of_ledger', 'paying_accounts'
    ) }}
from month_ends

union all

select
    {{ compared(
        '3.2', 'mrr_of_dim_accounts_is_todays_mrr', 'sum of dim_accounts.mrr_eur = mrr_daily.mrr_eur of as_of_date',
        "'all'", "'all'", 'coalesce(accounts_today.mrr_eur, 0)', 'coalesce(today.mrr_eur, 0)'
    ) }}
from accounts_today
cross join today

union all

select
    {{ compared(
        '3.2', 'paying_of_dim_accounts_are_todays_accounts',
        'dim_accounts paying or past due = mrr_daily.paying_accounts of as_of_date',
        "'all'", "'all'", 'accounts_today.paying_accounts', 'coalesce(today.paying_accounts, 0)'
    ) }}
from accounts_today
cross join today
