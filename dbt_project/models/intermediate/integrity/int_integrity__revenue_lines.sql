with

invoices as (
    select *
    from {{ ref('stg_stripe__invoices') }}
    where
        is_finalized
        and finalized_at < {{ as_of_end() }}
),

invoice_lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

credit_notes as (
    select *
    from {{ ref('stg_stripe__credit_notes') }}
    where
        status = 'issued'
        and effective_at < {{ as_of_end() }}
),

credit_note_lines as (
    select * from {{ ref('stg_stripe__credit_note_lines') }}
),

refunds as (
    select * from {{ ref('int_refunds__invoiced') }}
),

split_refunds as (
    select
        refund_id,
        currency,
        {{ month_of(local_date('min(refunded_at)')) }} as revenue_month,
        sum(net_ten_thousandths) as net_ten_thousandths
    from {{ ref('int_refunds__split') }}
    group by
        refund_id,
        currency
),

revenue_lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

-- What an invoice says of itself, and where it does not, what its lines come to.
invoice_totals as (
    select
        invoices.invoice_id,
        coalesce(
            any_value(invoices.total_excluding_tax_minor),
            sum(invoice_lines.amount_minor - invoice_lines.discount_minor - invoice_lines.inclusive_tax_minor),
            0
        ) as net_minor
    from invoices
    left join invoice_lines on invoices.invoice_id = invoice_lines.invoice_id
    group by invoices.invoice_id
),

sources as (
    select
        'charge' as line_kind,
        {{ month_of(local_date('invoices.finalized_at')) }} as revenue_month,
        invoices.currency,
        {{ quotient('invoice_totals.net_minor', minor_units('invoices.currency')) }} as amount
    from invoices
    inner join invoice_totals on invoices.invoice_id = invoice_totals.invoice_id

    union all

    select
        'credit_note' as line_kind,
        {{ month_of(local_date('credit_notes.effective_at')) }} as revenue_month,
        credit_notes.currency,
        -{{ quotient(
            'credit_note_lines.amount_minor - credit_note_lines.discount_minor - credit_note_lines.inclusive_tax_minor',
            minor_units('credit_notes.currency')
        ) }} as amount
    from credit_notes
    inner join invoices on credit_notes.invoice_id = invoices.invoice_id
    inner join credit_note_lines on credit_notes.credit_note_id = credit_note_lines.credit_note_id

    union all

    select
        'refund' as line_kind,
        revenue_month,
        currency,
        {{ quotient('net_ten_thousandths', 10000) }} as amount
    from split_refunds
),

due as (
    select
        line_kind,
        revenue_month,
        currency,
        sum(amount) as amount
    from sources
    group by
        line_kind,
        revenue_month,
        currency
),

reported as (
    select
        line_kind,
        {{ month_of('revenue_date') }} as revenue_month,
        currency,
        sum(amount) as amount
    from revenue_lines
    group by
        line_kind,
        {{ month_of('revenue_date') }},
        currency
),

matched as (
    select
        coalesce(reported.line_kind, due.line_kind) as line_kind,
        coalesce(reported.revenue_month, due.revenue_month) as revenue_month,
        coalesce(reported.currency, due.currency) as currency,
        coalesce(reported.amount, 0) as reported_amount,
        coalesce(due.amount, 0) as due_amount
    from reported
    full outer join due
        on
            reported.line_kind = due.line_kind
            and reported.revenue_month = due.revenue_month
            and reported.currency = due.currency
),

-- Of no invoice, or of one that counts nowhere: outside revenue, and named here.
apart as (
    select
        refunds.refund_id,
        refunds.currency,
        {{ month_of(local_date('refunds.refunded_at')) }} as revenue_month,
        refunds.uncredited_minor,
        case when split_refunds.refund_id is null then 0 else refunds.uncredited_minor end as counted_minor
    from refunds
    left join split_refunds on refunds.refund_id = split_refunds.refund_id
)

select
    {{ compared(
        '3.3', 'revenue_lines_are_invoices_less_credits_and_refunds',
        'sum of fct_revenue_lines.amount = invoices excluding tax - issued credits - refunds net of tax',
        "revenue_month || ' ' || currency", 'line_kind', 'reported_amount', 'due_amount'
    ) }}
from matched

union all

select
    {{ compared(
        '3.3', 'refunds_outside_revenue', 'refunds that no credit note took = those of an invoice that counts, tax included',
        "revenue_month || ' ' || currency", 'refund_id',
        quotient('uncredited_minor', minor_units('currency')), quotient('counted_minor', minor_units('currency')),
        is_published=true
    ) }}
from apart
