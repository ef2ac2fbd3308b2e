{#-
    MRR as the invoices tell it: what the lines in force at a month end bill for each month, for the subscriptions that count then. A
    proration counts here, brought to its whole service period: the credit of the old price beside the debit of the new one leaves the
    new one. No price, quantity or coupon of a version is read, so that the two reckonings share nothing but the question who counts.
-#}

with

months as (
    select * from {{ ref('int_mrr__months') }}
),

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

month_balances as (
    select * from {{ ref('int_mrr__month_balances') }}
),

lines as (
    select * from {{ ref('int_invoice_lines__typed') }}
),

stripe_lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

counted as (
    select distinct
        months.revenue_month,
        months.month_end_at,
        months.rate_date,
        periods.subscription_id,
        periods.account_id
    from months
    inner join periods
        on
            periods.valid_from < months.month_end_at
            and (periods.valid_to is null or periods.valid_to >= months.month_end_at)
),

recurring_lines as (
    select
        stripe_lines.subscription_id,
        lines.currency,
        lines.net_minor,
        lines.period_start_at,
        lines.period_end_at,
        case prices.billing_interval when 'week' then 52 when 'day' then 365 else 1 end as intervals,
        case prices.billing_interval when 'month' then 1 else 12 end * prices.interval_count as months,
        -- The service period that a proration is a part of, in seconds; any other line is whole.
        case
            when stripe_lines.is_proration
                then {{ microseconds_between(
                    "lines.period_end_at - prices.interval_count * case prices.billing_interval when 'year' then interval 12 month "
                    ~ "when 'month' then interval 1 month when 'week' then interval 7 day else interval 1 day end",
                    'lines.period_end_at'
                ) }} // 1000000
            else {{ microseconds_between('lines.period_start_at', 'lines.period_end_at') }} // 1000000
        end as whole_seconds,
        {{ microseconds_between('lines.period_start_at', 'lines.period_end_at') }} // 1000000 as line_seconds
    from lines
    inner join stripe_lines on lines.invoice_line_id = stripe_lines.invoice_line_id
    inner join prices on stripe_lines.price_id = prices.price_id
    where
        prices.is_recurring
        and prices.usage_type = 'licensed'
        and lines.revenue_type <> 'services'
        and lines.period_start_at < lines.period_end_at
),

monthly_lines as (
    select
        *,
        {{ divide_half_away(
            'cast(net_minor as hugeint) * whole_seconds * intervals * 10000', 'line_seconds * months * ' ~ minor_units('currency')
        ) }} as monthly_ten_thousandths
    from recurring_lines
),

balances as (
    select
        counted.revenue_month,
        counted.account_id,
        counted.rate_date,
        monthly_lines.currency,
        {{ quotient('sum(monthly_lines.monthly_ten_thousandths)', 10000) }} as mrr
    from counted
    inner join monthly_lines
        on
            counted.subscription_id = monthly_lines.subscription_id
            and counted.month_end_at > monthly_lines.period_start_at
            and counted.month_end_at <= monthly_lines.period_end_at
    group by
        counted.revenue_month,
        counted.account_id,
        counted.rate_date,
        monthly_lines.currency
),

invoiced as (
    select
        balances.revenue_month,
        balances.account_id,
        sum({{ convert('balances.mrr', 'rates.rate', 'rates.reporting_rate') }}) as mrr_eur
    from balances
    left join rates
        on
            balances.currency = rates.currency
            and balances.rate_date = rates.rate_date
    group by
        balances.revenue_month,
        balances.account_id
),

versioned as (
    select
        revenue_month,
        account_id,
        sum(mrr_billed_eur) as mrr_eur
    from month_balances
    where mrr <> 0
    group by
        revenue_month,
        account_id
),

account_months as (
    select
        coalesce(versioned.revenue_month, invoiced.revenue_month) as revenue_month,
        coalesce(versioned.account_id, invoiced.account_id) as account_id,
        coalesce(versioned.mrr_eur, 0) as versioned_eur,
        coalesce(invoiced.mrr_eur, 0) as invoiced_eur
    from versioned
    full outer join invoiced
        on
            versioned.revenue_month = invoiced.revenue_month
            and versioned.account_id = invoiced.account_id
)

select
    {{ compared(
        '3.7', 'mrr_is_what_invoice_lines_bill',
        'MRR less every coupon, as the marts reckon it = what the invoice lines in force at the month end bill for each month',
        'revenue_month', 'account_id', 'versioned_eur', 'invoiced_eur', is_published=true
    ) }}
from account_months
