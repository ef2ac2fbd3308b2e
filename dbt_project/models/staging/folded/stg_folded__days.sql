{% set columns = {
    "received_date": "varchar",
    "quarantined_row_count": "bigint",
    "reporting_timezone": "varchar",
    "quality_weights": "varchar",
} %}

{{ folded(source('raw_folded', 'days'), columns) }}
