with

source as (
    {{ stripe_rows('credit_notes') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

lines as (
    select
        id as credit_note_id,
        unnest(
            {{ parse_json("json_extract(payload, '$.lines.data')", '[{
                "id": "VARCHAR", "amount": "BIGINT", "invoice_line_item": "VARCHAR",
                "discount_amounts": [{"amount": "BIGINT"}],
                "taxes": [{"amount": "BIGINT", "tax_behavior": "VARCHAR"}]
            }]') }}
        ) as line
    from newest
)

select
    line.id as credit_note_line_id,
    credit_note_id,
    line.invoice_line_item as invoice_line_id,
    line.amount as amount_minor,
    coalesce(list_sum(list_transform(line.discount_amounts, lambda discount : discount.amount)), 0) as discount_minor,
    coalesce(
        list_sum(
            list_transform(line.taxes, lambda tax : case when tax.tax_behavior = 'inclusive' then tax.amount else 0 end)
        ),
        0
    ) as inclusive_tax_minor
from lines
