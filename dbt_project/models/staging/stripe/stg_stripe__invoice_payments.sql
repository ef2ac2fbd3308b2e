with

source as (
    {{ stripe_rows('invoice_payments') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

parsed as (
    select
        id as invoice_payment_id,
        created_at,
        {{ parse_json('payload', '{
            "invoice": "JSON", "status": "VARCHAR", "currency": "VARCHAR", "amount_paid": "BIGINT",
            "payment": {"type": "VARCHAR", "charge": "JSON", "payment_intent": "JSON"},
            "status_transitions": {"paid_at": "BIGINT"}
        }') }} as invoice_payment
    from newest
)

select
    invoice_payment_id,
    {{ reference_id('invoice_payment.invoice') }} as invoice_id,
    {{ reference_id('invoice_payment.payment.charge') }} as charge_id,
    {{ reference_id('invoice_payment.payment.payment_intent') }} as payment_intent_id,
    invoice_payment.status,
    upper(invoice_payment.currency) as currency,
    invoice_payment.amount_paid as amount_paid_minor,
    created_at,
    {{ from_epoch('invoice_payment.status_transitions.paid_at') }} as paid_at
from parsed
