with

lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

taxed_lines as (
    select
        lines.subscription_item_id as item_id,
        lines.period_start_at as valid_from,
        lines.period_end_at as valid_to,
        lines.invoice_line_id,
        lines.amount_minor - lines.discount_minor - lines.inclusive_tax_minor as net_minor,
        lines.tax_minor,
        lines.inclusive_tax_minor <> 0 as is_inclusive
    from lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
    where
        invoices.is_finalized
        and not lines.is_proration
        and lines.subscription_item_id is not null
)

-- One period after another: of lines that begin together (tiers of one price) the sums are the rate.
select
    item_id,
    valid_from,
    max(valid_to) as valid_to,
    sum(net_minor) as net_minor,
    sum(tax_minor) as tax_minor,
    bool_or(is_inclusive) as is_inclusive
from taxed_lines
where net_minor > 0
group by
    item_id,
    valid_from
