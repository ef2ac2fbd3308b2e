with

lines as (
    select * from {{ ref('int_invoice_lines__typed') }}
),

typed as (
    select
        invoice_id,
        revenue_type,
        sum(net_minor) as net_minor
    from lines
    group by
        invoice_id,
        revenue_type
)

select
    invoice_id,
    revenue_type,
    net_minor,
    greatest(net_minor, 0) as positive_net_minor,
    sum(greatest(net_minor, 0)) over (partition by invoice_id) as invoice_positive_net_minor,
    row_number() over (partition by invoice_id order by net_minor desc, revenue_type asc) = 1 as is_largest
from typed
