-- METRICS 2.2: every month since the first movement; gains and losses account by account, committed MRR item by item.
{{ config(meta={"dagster": {"ref": {"name": "revenue_monthly"}}}) }}

with

monthly as (
    select * from {{ ref('revenue_monthly') }}
),

account_months as (
    select
        mrr_month,
        account_id,
        coalesce(movement_type, 'none') as movement_type,
        coalesce(mrr_delta_eur, 0) as mrr_delta_eur,
        coalesce(fx_delta_eur, 0) as fx_delta_eur
    from {{ ref('fct_mrr_account_months') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

cac as (
    select *
    from {{ ref('cac_monthly') }}
    where channel = 'blended'
),

months as (
    select distinct {{ month_of('date') }} as revenue_month
    from {{ ref('mrr_daily') }}
),

summed as (
    select
        mrr_month,
        sum(case movement_type when 'new' then mrr_delta_eur else 0 end) as new_mrr_eur,
        sum(case movement_type when 'expansion' then mrr_delta_eur else 0 end) as expansion_mrr_eur,
        sum(case movement_type when 'reactivation' then mrr_delta_eur else 0 end) as reactivation_mrr_eur,
        sum(case movement_type when 'contraction' then mrr_delta_eur else 0 end) as contraction_mrr_eur,
        sum(case movement_type when 'churn' then mrr_delta_eur else 0 end) as churn_mrr_eur,
        sum(fx_delta_eur) as fx_delta_eur,
        sum(case movement_type when 'new' then 1 else 0 end) as new_accounts,
        sum(case movement_type when 'reactivation' then 1 else 0 end) as reactivated_accounts,
        sum(case movement_type when 'churn' then 1 else 0 end) as churned_accounts
    from account_months
    group by mrr_month
),

committed_currencies as (
    select
        months.revenue_month,
        {{ last_day_of_month('months.revenue_month') }} as last_date,
        periods.account_id,
        periods.currency,
        sum(periods.mrr_committed) as mrr_committed
    from months
    inner join periods
        on
            periods.valid_from < {{ local_midnight(add_days(last_day_of_month('months.revenue_month'), 1)) }}
            and coalesce(periods.valid_to >= {{ local_midnight(add_days(last_day_of_month('months.revenue_month'), 1)) }}, true)
    group by months.revenue_month, periods.account_id, periods.currency
),

committed as (
    select
        committed_currencies.revenue_month,
        sum({{ convert('committed_currencies.mrr_committed', 'rates.rate', 'rates.reporting_rate') }}) as committed_mrr_eur
    from committed_currencies
    left join rates on committed_currencies.currency = rates.currency and committed_currencies.last_date = rates.rate_date
    group by committed_currencies.revenue_month
),

passing as (
    select
        {{ month_of('effective_date') }} as revenue_month,
        count(distinct account_id) as account_count
    from movements
    where
        mrr_after > 0
        and (account_id, {{ month_of('effective_date') }}) not in (select (account_id, mrr_month) from account_months)
    group by {{ month_of('effective_date') }}
),

six_months_before as (
    select
        revenue_month,
        closing_mrr_eur * sum(opening_accounts) over six_months * {{ gross_margin() }} as ltv_gross_margin_numerator,
        paying_accounts * sum(churned_accounts) over six_months as ltv_denominator
    from monthly
    window six_months as (order by revenue_month asc rows between 6 preceding and 1 preceding)
),

reckoned as (
    select
        months.revenue_month,
        coalesce(summed.new_mrr_eur, 0) as new_mrr_eur,
        coalesce(summed.expansion_mrr_eur, 0) as expansion_mrr_eur,
        coalesce(summed.reactivation_mrr_eur, 0) as reactivation_mrr_eur,
        coalesce(summed.contraction_mrr_eur, 0) as contraction_mrr_eur,
        coalesce(summed.churn_mrr_eur, 0) as churn_mrr_eur,
        coalesce(summed.fx_delta_eur, 0) as fx_delta_eur,
        coalesce(summed.new_accounts, 0) as new_accounts,
        coalesce(summed.reactivated_accounts, 0) as reactivated_accounts,
        coalesce(summed.churned_accounts, 0) as churned_accounts,
        coalesce(committed.committed_mrr_eur, 0) as committed_mrr_eur,
        coalesce(passing.account_count, 0) as started_and_churned_accounts,
        cac.cac_eur as cac_blended_eur,
        cac.spend_eur * summed.new_accounts as spend_on_new_eur,
        cac.new_paying_accounts * summed.new_mrr_eur * {{ gross_margin() }} as margin_of_new_eur,
        six_months_before.ltv_gross_margin_numerator * nullif(cac.new_paying_accounts, 0) as margin_of_lives_eur,
        six_months_before.ltv_denominator * cac.spend_eur as spend_on_lives_eur
    from months
    left join six_months_before on months.revenue_month = six_months_before.revenue_month
    left join summed on months.revenue_month = summed.mrr_month
    left join committed on months.revenue_month = committed.revenue_month
    left join passing on months.revenue_month = passing.revenue_month
    left join cac on months.revenue_month = cac.cac_month
)

select *
from monthly
full outer join reckoned
    on monthly.revenue_month = reckoned.revenue_month
where {{ differs(
    'monthly', 'reckoned', 'revenue_month',
    [
        'new_mrr_eur', 'expansion_mrr_eur', 'reactivation_mrr_eur', 'contraction_mrr_eur', 'churn_mrr_eur', 'fx_delta_eur',
        'new_accounts', 'reactivated_accounts', 'churned_accounts', 'committed_mrr_eur', 'started_and_churned_accounts',
        'cac_blended_eur'
    ],
    quotients={
        'payback_months': ('spend_on_new_eur', 'margin_of_new_eur', 4),
        'ltv_cac_ratio': ('margin_of_lives_eur', 'spend_on_lives_eur', 6)
    }
) }}
