with

movements as (
    select * from {{ ref('int_mrr__movements') }}
),

plans as (
    select * from {{ ref('int_mrr__plans') }}
),

endings as (
    select * from {{ ref('int_mrr__delinquent_endings') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
)

select
    movements.account_id,
    movements.currency,
    movements.effective_at,
    movements.effective_date,
    movements.movement_type,
    movements.mrr_before,
    movements.mrr_after,
    movements.mrr_delta,
    {{ convert('movements.mrr_delta', 'rates.rate', 'rates.reporting_rate') }} as mrr_delta_eur,
    plans.plan,
    movements.movement_type = 'churn' and endings.account_id is not null as is_involuntary,
    movements.is_inferred
from movements
left join plans
    on
        movements.account_id = plans.account_id
        and movements.effective_at = plans.asked_at
        and movements.is_account_end = plans.is_just_before
left join endings
    on
        movements.account_id = endings.account_id
        and movements.effective_at = endings.ended_at
left join rates
    on
        movements.currency = rates.currency
        and movements.effective_date = rates.rate_date
