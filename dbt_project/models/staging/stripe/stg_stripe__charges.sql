with

source as (
    {{ stripe_rows('charges') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
)

select
    id as charge_id,
    {{ reference_id("json_extract(payload, '$.payment_intent')") }} as payment_intent_id,
    {{ reference_id("json_extract(payload, '$.customer')") }} as customer_id,
    json_extract_string(payload, '$.status') as status,
    created_at
from newest
