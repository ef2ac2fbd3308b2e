with

plans as (
    select * from {{ ref('plans') }}
)

select
    plan,
    label,
    list_price_eur,
    sort
from plans
