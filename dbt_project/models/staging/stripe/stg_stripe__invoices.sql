with

source as (
    {{ stripe_rows('invoices') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

parsed as (
    select
        id as invoice_id,
        created_at,
        {{ parse_json('payload', '{
            "customer": "JSON", "status": "VARCHAR", "currency": "VARCHAR", "billing_reason": "VARCHAR",
            "parent": {"subscription_details": {"subscription": "JSON"}},
            "status_transitions": {"finalized_at": "BIGINT", "paid_at": "BIGINT", "voided_at": "BIGINT"},
            "total": "BIGINT", "total_excluding_tax": "BIGINT", "amount_paid": "BIGINT", "discounts": ["JSON"]
        }') }} as invoice
    from newest
)

select
    invoice_id,
    {{ reference_id('invoice.customer') }} as customer_id,
    {{ reference_id('invoice.parent.subscription_details.subscription') }} as subscription_id,
    invoice.status,
    invoice.billing_reason,
    upper(invoice.currency) as currency,
    created_at,
    {{ from_epoch('invoice.status_transitions.finalized_at') }} as finalized_at,
    {{ from_epoch('invoice.status_transitions.paid_at') }} as paid_at,
    {{ from_epoch('invoice.status_transitions.voided_at') }} as voided_at,
    coalesce(invoice.status in ('open', 'paid', 'uncollectible'), false) as is_finalized,
    invoice.total as total_minor,
    invoice.total_excluding_tax as total_excluding_tax_minor,
    invoice.amount_paid as amount_paid_minor,
    {{ reference_ids('invoice.discounts') }} as discount_ids
from parsed
