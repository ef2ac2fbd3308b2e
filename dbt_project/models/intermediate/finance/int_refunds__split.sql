with

refunds as (
    select * from {{ ref('int_refunds__invoiced') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

invoice_types as (
    select * from {{ ref('int_invoices__revenue_types') }}
),

-- Over the types in proportion to what was positive in them; all to the largest where nothing was.
shares as (
    select
        refunds.refund_id,
        refunds.refunded_at,
        refunds.currency,
        refunds.invoice_id,
        invoices.customer_id,
        refunds.uncredited_minor,
        invoices.total_minor,
        invoices.total_excluding_tax_minor,
        invoice_types.revenue_type,
        case
            when invoice_types.invoice_positive_net_minor > 0 then invoice_types.positive_net_minor
            else 1
        end as share_of,
        greatest(invoice_types.invoice_positive_net_minor, 1) as share_total,
        count(*) over (partition by refunds.refund_id) as type_count
    from refunds
    inner join invoices
        on refunds.invoice_id = invoices.invoice_id
    inner join invoice_types
        on
            refunds.invoice_id = invoice_types.invoice_id
            and (
                invoice_types.positive_net_minor > 0
                or (invoice_types.invoice_positive_net_minor = 0 and invoice_types.is_largest)
            )
    where refunds.uncredited_minor > 0
)

select
    case when type_count > 1 then refund_id || ':' || revenue_type else refund_id end as revenue_line_id,
    refund_id,
    refunded_at,
    currency,
    invoice_id,
    customer_id,
    revenue_type,
    -- Net of tax by the invoice's own ratio, in ten-thousandths of the major unit, rounded once.
    -{{ divide_half_away(
        "cast(uncredited_minor as hugeint) * total_excluding_tax_minor * share_of * 10000",
        "cast(total_minor as hugeint) * share_total * (" ~ minor_units('currency') ~ ")"
    ) }} as net_ten_thousandths
from shares
where total_minor > 0
