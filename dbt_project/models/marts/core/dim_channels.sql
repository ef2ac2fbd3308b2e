with

channels as (
    select * from {{ ref('channels') }}
)

select
    channel,
    label,
    sort
from channels
