with

refunds as (
    select * from {{ ref('stg_stripe__refunds') }}
),

charges as (
    select * from {{ ref('stg_stripe__charges') }}
),

invoice_payments as (
    select * from {{ ref('stg_stripe__invoice_payments') }}
),

credit_notes as (
    select * from {{ ref('stg_stripe__credit_notes') }}
),

credited as (
    select unnest(refunds) as part
    from credit_notes
    where
        status = 'issued'
        and effective_at < {{ as_of_end() }}
),

credited_refunds as (
    select
        part.refund_id,
        sum(part.amount_minor) as credited_minor
    from credited
    group by part.refund_id
),

paid_refunds as (
    select
        refunds.refund_id,
        refunds.created_at as refunded_at,
        refunds.currency,
        refunds.amount_minor,
        refunds.charge_id,
        coalesce(refunds.payment_intent_id, charges.payment_intent_id) as payment_intent_id
    from refunds
    left join charges
        on refunds.charge_id = charges.charge_id
    where
        refunds.status = 'succeeded'
        and refunds.created_at < {{ as_of_end() }}
),

-- Through the payment to the invoice it paid; a payment of no invoice leaves the refund outside.
matched as (
    select
        paid_refunds.*,
        invoice_payments.invoice_id
    from paid_refunds
    left join invoice_payments
        on
            paid_refunds.charge_id = invoice_payments.charge_id
            or paid_refunds.payment_intent_id = invoice_payments.payment_intent_id
    qualify
        row_number() over (
            partition by paid_refunds.refund_id
            order by
                invoice_payments.status = 'paid' desc nulls last,
                invoice_payments.invoice_payment_id asc
        ) = 1
)

select
    matched.refund_id,
    matched.refunded_at,
    matched.currency,
    matched.invoice_id,
    matched.amount_minor,
    -- What a credit note already took is counted there.
    greatest(matched.amount_minor - coalesce(credited_refunds.credited_minor, 0), 0) as uncredited_minor
from matched
left join credited_refunds
    on matched.refund_id = credited_refunds.refund_id
