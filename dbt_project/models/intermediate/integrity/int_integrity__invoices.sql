with

invoices as (
    select *
    from {{ ref('stg_stripe__invoices') }}
    where
        is_finalized
        and finalized_at < {{ as_of_end() }}
        and total_excluding_tax_minor is not null
),

lines as (
    select
        invoice_id,
        sum(amount_minor - discount_minor - inclusive_tax_minor) as net_minor
    from {{ ref('stg_stripe__invoice_lines') }}
    group by invoice_id
)

select
    {{ compared(
        '3.3', 'invoice_lines_add_up_to_the_invoice',
        'sum of its lines less discounts and tax inside = total excluding tax, each finalised invoice',
        month_of(local_date('invoices.finalized_at')) ~ " || ' ' || invoices.currency", 'invoices.invoice_id',
        quotient('coalesce(lines.net_minor, 0)', minor_units('invoices.currency')),
        quotient('invoices.total_excluding_tax_minor', minor_units('invoices.currency'))
    ) }}
from invoices
left join lines on invoices.invoice_id = lines.invoice_id
