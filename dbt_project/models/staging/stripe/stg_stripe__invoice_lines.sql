with

source as (
    {{ stripe_rows('invoices') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

lines as (
    select
        id as invoice_id,
        {{ reference_id("json_extract(payload, '$.parent.subscription_details.subscription')") }} as invoice_subscription_id,
        unnest(
            {{ parse_json("json_extract(payload, '$.lines.data')", '[{
                "id": "VARCHAR", "amount": "BIGINT", "currency": "VARCHAR", "quantity": "BIGINT", "subscription": "JSON",
                "period": {"start": "BIGINT", "end": "BIGINT"}, "discounts": ["JSON"],
                "discount_amounts": [{"amount": "BIGINT"}],
                "taxes": [{"amount": "BIGINT", "tax_behavior": "VARCHAR"}],
                "pricing": {"price_details": {"price": "JSON", "product": "JSON"}},
                "parent": {
                    "subscription_item_details": {
                        "subscription": "VARCHAR", "subscription_item": "VARCHAR", "proration": "BOOLEAN",
                        "proration_details": {"credited_items": {"invoice_line_items": ["VARCHAR"]}}
                    },
                    "invoice_item_details": {"subscription": "VARCHAR", "proration": "BOOLEAN"}
                }
            }]') }}
        ) as line
    from newest
)

select
    line.id as invoice_line_id,
    invoice_id,
    coalesce(
        line.parent.subscription_item_details.subscription,
        line.parent.invoice_item_details.subscription,
        {{ reference_id('line.subscription') }},
        invoice_subscription_id
    ) as subscription_id,
    line.parent.subscription_item_details.subscription_item as subscription_item_id,
    coalesce(
        line.parent.subscription_item_details.proration, line.parent.invoice_item_details.proration, false
    ) as is_proration,
    coalesce(
        line.parent.subscription_item_details.proration_details.credited_items.invoice_line_items, []
    ) as credited_line_ids,
    {{ reference_id('line.pricing.price_details.price') }} as price_id,
    {{ reference_id('line.pricing.price_details.product') }} as product_id,
    upper(line.currency) as currency,
    coalesce(line.quantity, 1) as quantity,
    line.amount as amount_minor,
    coalesce(list_sum(list_transform(line.discount_amounts, lambda discount : discount.amount)), 0) as discount_minor,
    coalesce(
        list_sum(
            list_transform(line.taxes, lambda tax : case when tax.tax_behavior = 'inclusive' then tax.amount else 0 end)
        ),
        0
    ) as inclusive_tax_minor,
    coalesce(list_sum(list_transform(line.taxes, lambda tax : tax.amount)), 0) as tax_minor,
    {{ from_epoch('line.period.start') }} as period_start_at,
    {{ from_epoch('line.period."end"') }} as period_end_at,
    {{ reference_ids('line.discounts') }} as discount_ids
from lines
