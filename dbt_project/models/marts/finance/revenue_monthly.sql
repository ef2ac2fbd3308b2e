with

months as (
    select * from {{ ref('int_mrr__months') }}
),

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

month_balances as (
    select * from {{ ref('int_mrr__month_balances') }}
),

movements as (
    select * from {{ ref('int_mrr__movements') }}
),

blended_cac as (
    select *
    from {{ ref('cac_monthly') }}
    where channel = 'blended'
),

summed as (
    select
        mrr_month as revenue_month,
        sum(mrr_previous_eur) as opening_mrr_eur,
        sum(mrr_delta_eur) filter (where movement_type = 'new') as new_mrr_eur,
        sum(mrr_delta_eur) filter (where movement_type = 'expansion') as expansion_mrr_eur,
        sum(mrr_delta_eur) filter (where movement_type = 'reactivation') as reactivation_mrr_eur,
        sum(mrr_delta_eur) filter (where movement_type = 'contraction') as contraction_mrr_eur,
        sum(mrr_delta_eur) filter (where movement_type = 'churn') as churn_mrr_eur,
        sum(fx_delta_eur) as fx_delta_eur,
        sum(mrr_eur) as closing_mrr_eur,
        count(*) filter (where movement_type = 'new') as new_accounts,
        count(*) filter (where movement_type = 'reactivation') as reactivated_accounts,
        count(*) filter (where movement_type = 'churn') as churned_accounts,
        count(*) filter (where movement_type is distinct from 'churn') as paying_accounts
    from account_months
    group by mrr_month
),

committed as (
    select
        revenue_month,
        sum(mrr_committed_eur) as committed_mrr_eur
    from month_balances
    group by revenue_month
),

-- Paid at some time within the month, but at neither of its ends: no row of the month table shows them.
passing as (
    select
        months.revenue_month,
        count(distinct movements.account_id) as started_and_churned_accounts
    from months
    inner join movements
        on
            movements.effective_at >= months.month_start_at
            and movements.effective_at < months.month_end_at
            and movements.mrr_after > 0
    left join account_months
        on
            movements.account_id = account_months.account_id
            and months.revenue_month = account_months.mrr_month
    where account_months.account_id is null
    group by months.revenue_month
),

totals as (
    select
        months.revenue_month,
        months.is_complete,
        coalesce(summed.opening_mrr_eur, 0) as opening_mrr_eur,
        coalesce(summed.new_mrr_eur, 0) as new_mrr_eur,
        coalesce(summed.expansion_mrr_eur, 0) as expansion_mrr_eur,
        coalesce(summed.reactivation_mrr_eur, 0) as reactivation_mrr_eur,
        coalesce(summed.contraction_mrr_eur, 0) as contraction_mrr_eur,
        coalesce(summed.churn_mrr_eur, 0) as churn_mrr_eur,
        coalesce(summed.fx_delta_eur, 0) as fx_delta_eur,
        coalesce(summed.closing_mrr_eur, 0) as closing_mrr_eur,
        coalesce(committed.committed_mrr_eur, 0) as committed_mrr_eur,
        coalesce(summed.new_accounts, 0) as new_accounts,
        coalesce(summed.reactivated_accounts, 0) as reactivated_accounts,
        coalesce(summed.churned_accounts, 0) as churned_accounts,
        coalesce(summed.paying_accounts, 0) as paying_accounts,
        coalesce(passing.started_and_churned_accounts, 0) as started_and_churned_accounts
    from months
    left join summed
        on months.revenue_month = summed.revenue_month
    left join committed
        on months.revenue_month = committed.revenue_month
    left join passing
        on months.revenue_month = passing.revenue_month
),

opened as (
    select
        *,
        coalesce(lag(paying_accounts) over (order by revenue_month asc), 0) as opening_accounts
    from totals
),

-- Churn is that of the six complete months before this one.
compared as (
    select
        opened.*,
        sum(opened.churned_accounts) over six_months as trailing_churned_accounts,
        sum(opened.opening_accounts) over six_months as trailing_opening_accounts,
        -(opened.contraction_mrr_eur + opened.churn_mrr_eur) as lost_mrr_eur,
        opened.new_mrr_eur + opened.expansion_mrr_eur + opened.reactivation_mrr_eur as gained_mrr_eur,
        blended_cac.spend_eur,
        blended_cac.new_paying_accounts,
        blended_cac.cac_eur as cac_blended_eur
    from opened
    left join blended_cac
        on opened.revenue_month = blended_cac.cac_month
    window six_months as (order by opened.revenue_month asc rows between 6 preceding and 1 preceding)
)

select
    revenue_month,
    is_complete,
    cast(opening_mrr_eur as decimal(18, 4)) as opening_mrr_eur,
    cast(new_mrr_eur as decimal(18, 4)) as new_mrr_eur,
    cast(expansion_mrr_eur as decimal(18, 4)) as expansion_mrr_eur,
    cast(reactivation_mrr_eur as decimal(18, 4)) as reactivation_mrr_eur,
    cast(contraction_mrr_eur as decimal(18, 4)) as contraction_mrr_eur,
    cast(churn_mrr_eur as decimal(18, 4)) as churn_mrr_eur,
    cast(fx_delta_eur as decimal(18, 4)) as fx_delta_eur,
    cast(closing_mrr_eur as decimal(18, 4)) as closing_mrr_eur,
    cast(committed_mrr_eur as decimal(18, 4)) as committed_mrr_eur,
    cast(12 * closing_mrr_eur as decimal(18, 4)) as arr_eur,
    cast(opening_accounts as bigint) as opening_accounts,
    cast(new_accounts as bigint) as new_accounts,
    cast(reactivated_accounts as bigint) as reactivated_accounts,
    cast(churned_accounts as bigint) as churned_accounts,
    cast(paying_accounts as bigint) as paying_accounts,
    cast(started_and_churned_accounts as bigint) as started_and_churned_accounts,
    {{ quotient('closing_mrr_eur', 'paying_accounts') }} as arpu_eur,
    {{ ratio('closing_mrr_eur - opening_mrr_eur', 'opening_mrr_eur') }} as mrr_growth_ratio,
    {{ ratio('gained_mrr_eur', 'lost_mrr_eur') }} as quick_ratio,
    {{ ratio('churned_accounts', 'opening_accounts') }} as customer_churn_ratio,
    {{ ratio('lost_mrr_eur', 'opening_mrr_eur') }} as gross_mrr_churn_ratio,
    {{ ratio('lost_mrr_eur - expansion_mrr_eur - reactivation_mrr_eur', 'opening_mrr_eur') }} as net_mrr_churn_ratio,
    {{ ratio('opening_mrr_eur - lost_mrr_eur', 'opening_mrr_eur') }} as grr_ratio,
    {{ ratio('opening_mrr_eur + expansion_mrr_eur - lost_mrr_eur', 'opening_mrr_eur') }} as nrr_ratio,
    {{ ratio('trailing_churned_accounts', 'trailing_opening_accounts') }} as trailing_churn_ratio,
    {{ quotient(
        'closing_mrr_eur * trailing_opening_accounts', 'paying_accounts * trailing_churned_accounts'
    ) }} as ltv_eur,
    {{ quotient(
        'closing_mrr_eur * trailing_opening_accounts * 10000 * ' ~ gross_margin(),
        'paying_accounts * trailing_churned_accounts * 10000'
    ) }} as ltv_gross_margin_eur,
    {{ quotient('new_mrr_eur', 'new_accounts') }} as new_arpu_eur,
    cac_blended_eur,
    {{ quotient(
        'spend_eur * new_accounts * 10000', 'new_paying_accounts * new_mrr_eur * 10000 * ' ~ gross_margin()
    ) }} as payback_months,
    {{ ratio(
        'closing_mrr_eur * trailing_opening_accounts * nullif(new_paying_accounts, 0) * 10000 * ' ~ gross_margin(),
        'paying_accounts * trailing_churned_accounts * 10000 * spend_eur'
    ) }} as ltv_cac_ratio
from compared
