-- METRICS 3.1: per account and currency opening + movements = closing, at every instant of the ledger.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

with

movements as (
    select
        *,
        coalesce(
            lag(mrr_after) over (partition by account_id, currency order by effective_at asc), 0
        ) as mrr_after_last_movement
    from {{ ref('fct_mrr_movements') }}
)

select
    account_id,
    currency,
    effective_at,
    mrr_after_last_movement,
    mrr_before,
    mrr_delta,
    mrr_after
from movements
where
    mrr_before <> mrr_after_last_movement
    or mrr_before + mrr_delta <> mrr_after
    or mrr_delta = 0
    or mrr_after < 0
