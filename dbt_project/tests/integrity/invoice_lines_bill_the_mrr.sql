-- METRICS 3.7: MRR as the marts reckon it against MRR as invoice lines bill it. The difference is published; above 1 % of MRR it warns.
{{ config(severity="warn", meta={"dagster": {"ref": {"name": "integrity_report"}}}) }}

select *
from {{ ref('integrity_report') }}
where
    identity = '3.7'
    and 100 * abs(difference) > left_value
