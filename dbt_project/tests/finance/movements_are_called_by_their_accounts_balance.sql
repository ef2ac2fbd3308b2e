-- METRICS 2.2: starts and ends by what the account has in all its currencies, the rest by the row; money at that day's rate.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

with

movements as (
    select
        *,
        lead(effective_at) over (partition by account_id, currency order by effective_at asc) as next_effective_at
    from {{ ref('fct_mrr_movements') }}
),

endings as (
    select * from {{ ref('int_mrr__delinquent_endings') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

instants as (
    select distinct
        account_id,
        effective_at
    from movements
),

accounts as (
    select
        instants.account_id,
        instants.effective_at,
        coalesce(sum(others.mrr_after) filter (
            where
                others.effective_at < instants.effective_at
                and (others.next_effective_at is null or others.next_effective_at >= instants.effective_at)
        ), 0) as account_mrr_before,
        coalesce(sum(others.mrr_after) filter (
            where others.next_effective_at is null or others.next_effective_at > instants.effective_at
        ), 0) as account_mrr_after,
        min(others.effective_at) = instants.effective_at as is_first
    from instants
    inner join movements as others
        on instants.account_id = others.account_id and instants.effective_at >= others.effective_at
    group by instants.account_id, instants.effective_at
),

reckoned as (
    select
        movements.account_id,
        movements.currency,
        movements.effective_at,
        case
            when accounts.account_mrr_before = 0 and accounts.account_mrr_after > 0 and accounts.is_first then 'new'
            when accounts.account_mrr_before = 0 and accounts.account_mrr_after > 0 then 'reactivation'
            when accounts.account_mrr_after = 0 then 'churn'
            when movements.mrr_after > movements.mrr_before then 'expansion'
            else 'contraction'
        end as movement_type,
        accounts.account_mrr_after = 0
        and (movements.account_id, movements.effective_at) in (select (account_id, ended_at) from endings) as is_involuntary,
        {{ convert('movements.mrr_after - movements.mrr_before', 'rates.rate', 'rates.reporting_rate') }} as mrr_delta_eur
    from movements
    inner join accounts on movements.account_id = accounts.account_id and movements.effective_at = accounts.effective_at
    left join rates on movements.currency = rates.currency and movements.effective_date = rates.rate_date
)

select *
from movements
full outer join reckoned
    on
        movements.account_id = reckoned.account_id
        and movements.currency = reckoned.currency
        and movements.effective_at = reckoned.effective_at
where {{ differs('movements', 'reckoned', 'account_id', ['movement_type', 'is_involuntary', 'mrr_delta_eur']) }}
