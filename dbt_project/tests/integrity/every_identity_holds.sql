-- METRICS 3: what must hold on every build, or nothing is published. The rows themselves stand in int_integrity__*.
{{ config(meta={"dagster": {"ref": {"name": "integrity_report"}}}) }}

select *
from {{ ref('integrity_report') }}
where verdict = 'differs'
