with

balances as (
    select
        *,
        mrr - mrr_delta as mrr_before
    from {{ ref('int_mrr__balances') }}
    where mrr_delta <> 0
),

-- Starts and ends are judged on the account: in how many currencies it pays, after this instant and before it.
account_instants as (
    select
        *,
        sum(cast(mrr > 0 as integer) - cast(mrr_before > 0 as integer)) over (
            partition by account_id
            order by effective_at asc
            range between unbounded preceding and current row
        ) as currencies_after,
        sum(cast(mrr > 0 as integer) - cast(mrr_before > 0 as integer)) over (
            partition by account_id, effective_at
        ) as currencies_change,
        min(effective_at) over (partition by account_id) as first_mrr_at
    from balances
),

judged as (
    select
        *,
        currencies_after - currencies_change as currencies_before
    from account_instants
)

select
    account_id,
    currency,
    effective_at,
    effective_date,
    case
        when currencies_before = 0 and currencies_after > 0 and effective_at = first_mrr_at then 'new'
        when currencies_before = 0 and currencies_after > 0 then 'reactivation'
        when currencies_after = 0 then 'churn'
        when mrr > mrr_before then 'expansion'
        else 'contraction'
    end as movement_type,
    mrr_before,
    mrr as mrr_after,
    mrr_delta,
    currencies_before > 0 and currencies_after = 0 as is_account_end,
    currencies_before = 0 and currencies_after > 0 as is_account_start,
    first_mrr_at,
    is_inferred
from judged
