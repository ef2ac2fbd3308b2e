-- METRICS 2.2: the ledger's balance after each instant is the sum of the items in force at it; every change has its movement.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

with

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

instants as (
    select account_id, currency, valid_from as effective_at from periods
    union
    select account_id, currency, valid_to as effective_at from periods where valid_to < {{ as_of_end() }}
),

standing as (
    select
        instants.account_id,
        instants.currency,
        instants.effective_at,
        coalesce(sum(periods.mrr), 0) as mrr_after
    from instants
    left join periods
        on
            instants.account_id = periods.account_id
            and instants.currency = periods.currency
            and instants.effective_at >= periods.valid_from
            and (periods.valid_to is null or instants.effective_at < periods.valid_to)
    group by instants.account_id, instants.currency, instants.effective_at
),

chained as (
    select
        *,
        coalesce(lag(mrr_after) over (partition by account_id, currency order by effective_at asc), 0) as mrr_before
    from standing
),

-- Whether an item that begins or ends at an instant was only inferred.
inferred as (
    select account_id, currency, valid_from as effective_at from periods where is_inferred
    union
    select account_id, currency, valid_to as effective_at from periods where is_inferred
),

reckoned as (
    select
        chained.account_id,
        chained.currency,
        chained.effective_at,
        chained.mrr_before,
        chained.mrr_after,
        inferred.account_id is not null as is_inferred
    from chained
    left join inferred
        on
            chained.account_id = inferred.account_id
            and chained.currency = inferred.currency
            and chained.effective_at = inferred.effective_at
    where chained.mrr_before <> chained.mrr_after
)

select *
from movements
full outer join reckoned
    on
        movements.account_id = reckoned.account_id
        and movements.currency = reckoned.currency
        and movements.effective_at = reckoned.effective_at
where {{ differs('movements', 'reckoned', 'account_id', ['mrr_before', 'mrr_after', 'is_inferred']) }}
