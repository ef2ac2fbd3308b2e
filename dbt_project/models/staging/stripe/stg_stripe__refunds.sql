with

source as (
    {{ stripe_rows('refunds') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
)

select
    id as refund_id,
    {{ reference_id("json_extract(payload, '$.charge')") }} as charge_id,
    {{ reference_id("json_extract(payload, '$.payment_intent')") }} as payment_intent_id,
    json_extract_string(payload, '$.status') as status,
    upper(json_extract_string(payload, '$.currency')) as currency,
    cast(json_extract_string(payload, '$.amount') as bigint) as amount_minor,
    created_at
from newest
