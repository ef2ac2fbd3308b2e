with

source as (
    {{ stripe_rows('products') }}
),

newest as (
    select *
    from source
    {{ newest_version() }}
)

select
    id as product_id,
    json_extract_string(payload, '$.metadata.plan') as plan,
    json_extract_string(payload, '$.metadata.revenue_type') as revenue_type
from newest
