with

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

lines as (
    select * from {{ ref('int_invoice_lines__typed') }}
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

recurring_invoices as (
    select distinct invoice_id
    from lines
    where is_recurring and net_minor > 0
),

payments as (
    select
        customers.account_id,
        invoices.paid_at
    from invoices
    inner join recurring_invoices on invoices.invoice_id = recurring_invoices.invoice_id
    inner join customers on invoices.customer_id = customers.customer_id
    where
        invoices.status = 'paid'
        and invoices.total_minor > 0
        and invoices.paid_at < {{ as_of_end() }}
)

select
    account_id,
    min(paid_at) as first_paid_at
from payments
group by account_id
