with

lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

products as (
    select * from {{ ref('stg_stripe__products') }}
)

select
    lines.invoice_line_id,
    lines.invoice_id,
    invoices.customer_id,
    invoices.finalized_at,
    case
        when products.revenue_type in ('recurring', 'one_time', 'services') then products.revenue_type
        when prices.is_recurring then 'recurring'
        else 'one_time'
    end as revenue_type,
    coalesce(prices.is_recurring, false) as is_recurring,
    lines.period_start_at,
    lines.period_end_at,
    invoices.currency,
    lines.amount_minor - lines.discount_minor - lines.inclusive_tax_minor as net_minor
from lines
inner join invoices
    on lines.invoice_id = invoices.invoice_id
left join prices
    on lines.price_id = prices.price_id
left join products
    on coalesce(lines.product_id, prices.product_id) = products.product_id
where
    invoices.is_finalized
    and invoices.finalized_at < {{ as_of_end() }}
