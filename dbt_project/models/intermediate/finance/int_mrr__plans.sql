{#-
    The plan of an account where it is asked for: at each of its movements and at each month's end. The plan is that of the largest item (METRICS 2.2),
    compared in the reporting currency at that day's rate; after a churn it is the last one.
-#}

with

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

movements as (
    select * from {{ ref('int_mrr__movements') }}
),

months as (
    select * from {{ ref('int_mrr__months') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

asked as (
    select distinct
        account_id,
        effective_at as asked_at,
        effective_date as rate_date,
        is_account_end as is_just_before
    from movements

    union

    select distinct
        periods.account_id,
        months.month_end_at as asked_at,
        months.rate_date,
        true as is_just_before
    from periods
    inner join months
        on
            periods.valid_from < months.month_end_at
            and (periods.valid_to is null or periods.valid_to >= months.month_end_at)
),

candidates as (
    select
        asked.account_id,
        asked.asked_at,
        asked.is_just_before,
        periods.plan,
        periods.item_id,
        periods.mrr,
        {{ convert('periods.mrr', 'rates.rate', 'rates.reporting_rate') }} as mrr_eur
    from asked
    inner join periods
        on
            asked.account_id = periods.account_id
            and (
                (
                    asked.is_just_before
                    and periods.valid_from < asked.asked_at
                    and (periods.valid_to is null or periods.valid_to >= asked.asked_at)
                )
                or (
                    not asked.is_just_before
                    and periods.valid_from <= asked.asked_at
                    and (periods.valid_to is null or periods.valid_to > asked.asked_at)
                )
            )
    left join rates
        on
            periods.currency = rates.currency
            and asked.rate_date = rates.rate_date
    where periods.mrr > 0
)

select
    account_id,
    asked_at,
    is_just_before,
    plan
from candidates
qualify
    row_number() over (
        partition by account_id, asked_at, is_just_before
        order by mrr_eur desc nulls last, mrr desc, item_id asc
    ) = 1
