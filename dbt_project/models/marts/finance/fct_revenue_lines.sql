with

invoice_lines as (
    select * from {{ ref('int_invoice_lines__typed') }}
),

credit_lines as (
    select * from {{ ref('int_credit_note_lines__typed') }}
),

refunds as (
    select * from {{ ref('int_refunds__split') }}
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

revenue_lines as (
    select
        invoice_line_id as revenue_line_id,
        invoice_id,
        customer_id,
        revenue_type,
        'charge' as line_kind,
        finalized_at as recognised_at,
        period_start_at,
        period_end_at,
        currency,
        {{ divide_half_away('cast(net_minor as hugeint) * 10000', minor_units('currency')) }} as net_ten_thousandths
    from invoice_lines

    union all

    select
        credit_note_line_id as revenue_line_id,
        invoice_id,
        customer_id,
        revenue_type,
        'credit_note' as line_kind,
        effective_at as recognised_at,
        cast(null as timestamptz) as period_start_at,
        cast(null as timestamptz) as period_end_at,
        currency,
        {{ divide_half_away('cast(net_minor as hugeint) * 10000', minor_units('currency')) }} as net_ten_thousandths
    from credit_lines

    union all

    select
        revenue_line_id,
        invoice_id,
        customer_id,
        revenue_type,
        'refund' as line_kind,
        refunded_at as recognised_at,
        cast(null as timestamptz) as period_start_at,
        cast(null as timestamptz) as period_end_at,
        currency,
        net_ten_thousandths
    from refunds
),

dated as (
    select
        *,
        {{ local_date('recognised_at') }} as revenue_date,
        cast(cast(net_ten_thousandths as decimal(38, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4)) as amount
    from revenue_lines
)

select
    dated.revenue_line_id,
    dated.invoice_id,
    customers.account_id,
    dated.revenue_type,
    dated.line_kind,
    dated.revenue_date,
    {{ local_date('dated.period_start_at') }} as service_start_date,
    {{ local_date('dated.period_end_at') }} as service_end_date,
    {{ convert('dated.amount', 'rates.rate', 'rates.reporting_rate') }} as amount_eur,
    dated.currency,
    dated.amount
from dated
left join customers
    on dated.customer_id = customers.customer_id
left join rates
    on
        dated.currency = rates.currency
        and dated.revenue_date = rates.rate_date
