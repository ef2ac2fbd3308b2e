-- Sums of days that have left cannot be made again: another time zone would date them wrong, other weights score them wrong.
{{ config(meta={"dagster": {"ref": {"name": "stg_folded__days"}}}) }}

select
    received_date,
    reporting_timezone,
    quality_weights
from {{ ref('stg_folded__days') }}
where
    reporting_timezone <> '{{ var("reporting_timezone") }}'
    or quality_weights <> '{{ quality_weights() }}'
