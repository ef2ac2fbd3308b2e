-- METRICS 2.2: every line of a finalised invoice, an issued credit note, a succeeded refund, with what Stripe's object says itself.
{{ config(meta={"dagster": {"ref": {"name": "fct_revenue_lines"}}}) }}

with

revenue_lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

invoices as (
    select
        invoices.*,
        customers.account_id
    from {{ ref('stg_stripe__invoices') }} as invoices
    left join customers on invoices.customer_id = customers.customer_id
    where invoices.is_finalized and invoices.finalized_at < {{ as_of_end() }}
),

products as (
    select * from {{ ref('stg_stripe__products') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

charges as (
    select
        lines.invoice_line_id as revenue_line_id,
        invoices.invoice_id,
        invoices.account_id,
        coalesce(
            case when products.revenue_type in ('recurring', 'one_time', 'services') then products.revenue_type end,
            case when prices.is_recurring then 'recurring' end,
            'one_time'
        ) as revenue_type,
        'charge' as line_kind,
        {{ local_date('invoices.finalized_at') }} as revenue_date,
        {{ local_date('lines.period_start_at') }} as service_start_date,
        {{ local_date('lines.period_end_at') }} as service_end_date,
        invoices.currency,
        {{ major_units('lines.amount_minor - lines.discount_minor - lines.inclusive_tax_minor', 'invoices.currency') }} as amount
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join invoices on lines.invoice_id = invoices.invoice_id
    left join prices on lines.price_id = prices.price_id
    left join products on coalesce(lines.product_id, prices.product_id) = products.product_id
),

charge_types as (
    select
        invoice_id,
        revenue_type,
        sum(amount) as amount
    from charges
    group by invoice_id, revenue_type
),

largest_types as (
    select
        invoice_id,
        first(revenue_type order by amount desc, revenue_type asc) as revenue_type
    from charge_types
    group by invoice_id
),

credits as (
    select
        lines.credit_note_line_id as revenue_line_id,
        invoices.invoice_id,
        invoices.account_id,
        coalesce(charges.revenue_type, largest_types.revenue_type) as revenue_type,
        'credit_note' as line_kind,
        {{ local_date('notes.effective_at') }} as revenue_date,
        null as service_start_date,
        null as service_end_date,
        notes.currency,
        -{{ major_units('lines.amount_minor - lines.discount_minor - lines.inclusive_tax_minor', 'notes.currency') }} as amount
    from {{ ref('stg_stripe__credit_note_lines') }} as lines
    inner join {{ ref('stg_stripe__credit_notes') }} as notes on lines.credit_note_id = notes.credit_note_id
    inner join invoices on notes.invoice_id = invoices.invoice_id
    inner join largest_types on notes.invoice_id = largest_types.invoice_id
    left join charges on lines.invoice_line_id = charges.revenue_line_id
    where notes.status = 'issued' and notes.effective_at < {{ as_of_end() }}
),

-- Split over types, which identity 3.3 adds up again.
refunds as (
    select
        split.revenue_line_id,
        invoices.invoice_id,
        invoices.account_id,
        split.revenue_type,
        'refund' as line_kind,
        {{ local_date('refunds.created_at') }} as revenue_date,
        null as service_start_date,
        null as service_end_date,
        refunds.currency,
        cast(cast(split.net_ten_thousandths as decimal(38, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4)) as amount
    from {{ ref('int_refunds__split') }} as split
    inner join {{ ref('stg_stripe__refunds') }} as refunds on split.refund_id = refunds.refund_id
    inner join invoices on split.invoice_id = invoices.invoice_id
),

every_line as (
    select * from charges
    union all
    select * from credits
    union all
    select * from refunds
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

reckoned as (
    select
        every_line.*,
        {{ convert('every_line.amount', 'rates.rate', 'rates.reporting_rate') }} as amount_eur
    from every_line
    left join rates on every_line.currency = rates.currency and every_line.revenue_date = rates.rate_date
)

select *
from revenue_lines
full outer join reckoned
    on revenue_lines.revenue_line_id = reckoned.revenue_line_id
where {{ differs(
    'revenue_lines', 'reckoned', 'revenue_line_id',
    [
        'invoice_id', 'account_id', 'revenue_type', 'line_kind', 'revenue_date', 'service_start_date', 'service_end_date', 'amount_eur',
        'currency', 'amount'
    ]
) }}
