-- METRICS 1.4: what has no exchange rate is kept, counted and reported here, and never taken as 1 or 0.
{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

select
    currency,
    min(effective_date) as first_date,
    max(effective_date) as last_date,
    count(*) as movement_count,
    count(distinct account_id) as account_count
from {{ ref('fct_mrr_movements') }}
where mrr_delta_eur is null
group by currency
