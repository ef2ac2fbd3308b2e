with

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

changes as (
    select
        account_id,
        currency,
        valid_from as effective_at,
        mrr,
        mrr_billed,
        mrr_committed,
        is_inferred
    from periods

    union all

    select
        account_id,
        currency,
        valid_to as effective_at,
        -mrr as mrr,
        -mrr_billed as mrr_billed,
        -mrr_committed as mrr_committed,
        is_inferred
    from periods
    where valid_to < {{ as_of_end() }}
),

-- What happens in one second is one change: a subscription replaced by another at that second is no churn.
net_changes as (
    select
        account_id,
        currency,
        effective_at,
        sum(mrr) as mrr_delta,
        sum(mrr_billed) as mrr_billed_delta,
        sum(mrr_committed) as mrr_committed_delta,
        bool_or(is_inferred) as is_inferred
    from changes
    group by
        account_id,
        currency,
        effective_at
    having
        sum(mrr) <> 0
        or sum(mrr_billed) <> 0
        or sum(mrr_committed) <> 0
)

select
    account_id,
    currency,
    effective_at,
    {{ local_date('effective_at') }} as effective_date,
    lead(effective_at) over account_history as next_effective_at,
    cast(mrr_delta as decimal(18, 4)) as mrr_delta,
    cast(sum(mrr_delta) over account_history as decimal(18, 4)) as mrr,
    cast(sum(mrr_billed_delta) over account_history as decimal(18, 4)) as mrr_billed,
    cast(sum(mrr_committed_delta) over account_history as decimal(18, 4)) as mrr_committed,
    is_inferred
from net_changes
window account_history as (partition by account_id, currency order by effective_at asc)
