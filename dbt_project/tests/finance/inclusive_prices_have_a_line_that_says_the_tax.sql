-- METRICS 2.2: a price with tax inside counts gross while no invoice line says how much of it is tax, and is reported here.
{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

select
    account_id,
    subscription_id,
    item_id,
    valid_from,
    valid_to,
    currency,
    mrr
from {{ ref('int_mrr__item_periods') }}
where is_tax_unknown
