-- METRICS 1.2: a customer without an account is kept and warned about; so is an account that the app does not know.
{{ config(severity="warn", meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

select
    customers.customer_id,
    customers.account_id,
    customers.resolved_by
from {{ ref('int_customers__accounts') }} as customers
left join {{ ref('stg_app__accounts') }} as accounts
    on customers.account_id = accounts.account_id
where accounts.account_id is null
