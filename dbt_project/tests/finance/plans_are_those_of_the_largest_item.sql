-- METRICS 2.2: at each movement and each month's end the plan of the account's largest item in EUR; a churn keeps the last one.
{{ config(meta={"dagster": {"ref": {"name": "fct_mrr_movements"}}}) }}

with

periods as (
    select *
    from {{ ref('int_mrr__item_periods') }}
    where mrr > 0
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

-- Asked a moment before what ends, and after what begins or changes. A month's end is a moment before midnight.
asked as (
    select
        account_id,
        effective_at as asked_at,
        effective_date as rate_date,
        movement_type = 'churn' as is_just_before,
        plan,
        'fct_mrr_movements' as mart
    from movements

    union

    select
        account_id,
        {{ local_midnight(add_days(last_day_of_month('mrr_month'), 1)) }} as asked_at,
        {{ last_day_of_month('mrr_month') }} as rate_date,
        true as is_just_before,
        plan,
        'fct_mrr_account_months' as mart
    from account_months
    where movement_type is distinct from 'churn' and mrr_eur is distinct from 0
),

answered as (
    select
        asked.mart,
        asked.account_id,
        asked.asked_at,
        asked.plan,
        first(
            periods.plan
            order by
                {{ convert('periods.mrr', 'rates.rate', 'rates.reporting_rate') }} desc nulls last,
                periods.mrr desc,
                periods.item_id asc
        ) as reckoned_plan
    from asked
    inner join periods
        on
            asked.account_id = periods.account_id
            and case
                when asked.is_just_before
                    then asked.asked_at > periods.valid_from and (periods.valid_to is null or asked.asked_at <= periods.valid_to)
                else asked.asked_at >= periods.valid_from and (periods.valid_to is null or asked.asked_at < periods.valid_to)
            end
    left join rates on periods.currency = rates.currency and asked.rate_date = rates.rate_date
    group by asked.mart, asked.account_id, asked.asked_at, asked.plan
),

churned_months as (
    select
        'fct_mrr_account_months' as mart,
        account_months.account_id,
        max(movements.effective_at) as asked_at,
        account_months.plan,
        max_by(movements.plan, movements.effective_at) as reckoned_plan
    from account_months
    inner join movements
        on
            account_months.account_id = movements.account_id
            and movements.effective_date < {{ add_months('account_months.mrr_month', 1) }}
    where account_months.movement_type = 'churn'
    group by account_months.account_id, account_months.mrr_month, account_months.plan
)

select *
from answered
where plan is distinct from reckoned_plan

union all

select *
from churned_months
where plan is distinct from reckoned_plan
