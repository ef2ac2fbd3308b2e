with

source as (
    select * from {{ source('raw_lake', 'manifests') }}
)

select
    source as source_name,
    "table" as table_name,
    partition_key,
    partition_value,
    read_at,
    source_rows as source_row_count,
    landed_rows as landed_row_count,
    quarantined_rows as quarantined_row_count,
    files['data.parquet'].sha256 as checksum
from source
