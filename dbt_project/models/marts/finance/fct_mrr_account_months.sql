with

month_balances as (
    select * from {{ ref('int_mrr__month_balances') }}
),

months as (
    select * from {{ ref('int_mrr__months') }}
),

movements as (
    select * from {{ ref('int_mrr__movements') }}
),

plans as (
    select * from {{ ref('int_mrr__plans') }}
),

channels as (
    select * from {{ ref('int_accounts__acquisition_channels') }}
),

first_movements as (
    select distinct
        account_id,
        first_mrr_at
    from movements
),

-- Currencies add up in the reporting currency; what has no rate counts as paying, and in no sum.
account_months as (
    select
        account_id,
        revenue_month,
        sum(mrr_eur) filter (where mrr <> 0) as mrr_eur,
        sum(mrr_billed_eur) filter (where mrr <> 0 or mrr_billed_eur <> 0) as mrr_billed_eur,
        sum(mrr_previous_eur) filter (where mrr_previous <> 0) as mrr_previous_eur,
        sum(mrr_restated_eur) filter (where mrr_previous <> 0) as mrr_restated_eur,
        max(mrr) as largest_mrr,
        max(mrr_previous) as largest_mrr_previous,
        sum(mrr - mrr_previous) filter (where mrr_eur is null) as unrated_delta,
        count(*) filter (where mrr_eur is not null) as rated_currency_count
    from month_balances
    group by
        account_id,
        revenue_month
    having
        max(mrr) > 0
        or max(mrr_previous) > 0
),

judged as (
    select
        account_months.*,
        case
            when largest_mrr_previous = 0 and first_movements.first_mrr_at >= months.month_start_at then 'new'
            when largest_mrr_previous = 0 then 'reactivation'
            when largest_mrr = 0 then 'churn'
            when coalesce(mrr_eur, 0) > coalesce(mrr_restated_eur, 0) then 'expansion'
            when coalesce(mrr_eur, 0) < coalesce(mrr_restated_eur, 0) then 'contraction'
            when unrated_delta > 0 then 'expansion'
            when unrated_delta < 0 then 'contraction'
        end as movement_type,
        months.month_end_at
    from account_months
    inner join months
        on account_months.revenue_month = months.revenue_month
    inner join first_movements
        on account_months.account_id = first_movements.account_id
),

last_plans as (
    select
        account_id,
        effective_at,
        plan
    from movements
    inner join plans
        using (account_id)
    where
        movements.effective_at = plans.asked_at
        and movements.is_account_end = plans.is_just_before
),

amounts as (
    select
        account_id,
        revenue_month,
        case when largest_mrr = 0 then 0 else mrr_eur end as mrr_eur,
        case when largest_mrr = 0 then 0 else mrr_billed_eur end as mrr_billed_eur,
        case when largest_mrr_previous = 0 then 0 else mrr_previous_eur end as mrr_previous_eur,
        movement_type,
        case
            when rated_currency_count > 0 then coalesce(mrr_eur, 0) - coalesce(mrr_restated_eur, 0)
        end as mrr_delta_eur,
        case
            when rated_currency_count > 0 then coalesce(mrr_restated_eur, 0) - coalesce(mrr_previous_eur, 0)
        end as fx_delta_eur,
        month_end_at
    from judged
),

planned as (
    select
        amounts.*,
        coalesce(plans.plan, last_plans.plan) as plan
    from amounts
    left join plans
        on
            amounts.account_id = plans.account_id
            and amounts.month_end_at = plans.asked_at
            and plans.is_just_before
            and amounts.mrr_eur is distinct from 0
    left join last_plans
        on
            amounts.account_id = last_plans.account_id
            and amounts.month_end_at > last_plans.effective_at
    qualify
        row_number() over (
            partition by amounts.account_id, amounts.revenue_month
            order by last_plans.effective_at desc nulls last
        ) = 1
)

select
    planned.account_id,
    planned.revenue_month as mrr_month,
    cast(planned.mrr_eur as decimal(18, 4)) as mrr_eur,
    cast(planned.mrr_billed_eur as decimal(18, 4)) as mrr_billed_eur,
    cast(planned.mrr_previous_eur as decimal(18, 4)) as mrr_previous_eur,
    planned.movement_type,
    cast(planned.mrr_delta_eur as decimal(18, 4)) as mrr_delta_eur,
    cast(planned.fx_delta_eur as decimal(18, 4)) as fx_delta_eur,
    planned.plan,
    coalesce(channels.acquisition_channel, 'other') as acquisition_channel
from planned
left join channels
    on planned.account_id = channels.account_id
