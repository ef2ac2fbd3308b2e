with

source as (
    {{ stripe_rows('credit_notes') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
),

parsed as (
    select
        id as credit_note_id,
        created_at,
        {{ parse_json('payload', '{
            "invoice": "JSON", "status": "VARCHAR", "currency": "VARCHAR", "effective_at": "BIGINT",
            "refunds": [{"refund": "JSON", "amount_refunded": "BIGINT"}]
        }') }} as credit_note
    from newest
)

select
    credit_note_id,
    {{ reference_id('credit_note.invoice') }} as invoice_id,
    credit_note.status,
    upper(credit_note.currency) as currency,
    coalesce({{ from_epoch('credit_note.effective_at') }}, created_at) as effective_at,
    list_transform(
        coalesce(credit_note.refunds, []),
        lambda part : struct_pack(
            refund_id := {{ reference_id('part.refund') }},
            amount_minor := coalesce(part.amount_refunded, 0)
        )
    ) as refunds
from parsed
