-- A run with an instant from before days that have left would count them ahead of itself: of what they held only sums are known.
{{ config(meta={"dagster": {"ref": {"name": "stg_folded__days"}}}) }}

select received_date
from {{ ref('stg_folded__days') }}
where cast(received_date as date) >= {{ as_of_date() }}
