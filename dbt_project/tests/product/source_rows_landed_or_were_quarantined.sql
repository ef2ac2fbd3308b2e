-- METRICS 3.4: source rows = landed + quarantined, in every partition of the lake.
{{ config(meta={"dagster": {"ref": {"name": "stg_lake__partitions"}}}) }}

select *
from {{ ref('stg_lake__partitions') }}
where source_row_count <> landed_row_count + quarantined_row_count
