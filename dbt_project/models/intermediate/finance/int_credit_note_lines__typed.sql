with

credit_lines as (
    select * from {{ ref('stg_stripe__credit_note_lines') }}
),

credit_notes as (
    select * from {{ ref('stg_stripe__credit_notes') }}
),

invoice_lines as (
    select * from {{ ref('int_invoice_lines__typed') }}
),

invoice_types as (
    select * from {{ ref('int_invoices__revenue_types') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
)

select
    credit_lines.credit_note_line_id,
    credit_notes.invoice_id,
    invoices.customer_id,
    credit_notes.effective_at,
    credit_notes.currency,
    -- A credit for nothing in particular goes to the invoice's largest type.
    coalesce(invoice_lines.revenue_type, invoice_types.revenue_type) as revenue_type,
    -(credit_lines.amount_minor - credit_lines.discount_minor - credit_lines.inclusive_tax_minor) as net_minor
from credit_lines
inner join credit_notes
    on credit_lines.credit_note_id = credit_notes.credit_note_id
inner join invoices
    on credit_notes.invoice_id = invoices.invoice_id
inner join invoice_types
    on
        credit_notes.invoice_id = invoice_types.invoice_id
        and invoice_types.is_largest
left join invoice_lines
    on credit_lines.invoice_line_id = invoice_lines.invoice_line_id
where
    credit_notes.status = 'issued'
    and credit_notes.effective_at < {{ as_of_end() }}
