with

source as (
    {{ stripe_rows('customers') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
)

select
    id as customer_id,
    created_at,
    nullif(json_extract_string(payload, '$.metadata.account_id'), '') as metadata_account_id
from newest
