with

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

months as (
    select * from {{ ref('int_mrr__months') }}
),

account_months as (
    select *
    from {{ ref('fct_mrr_account_months') }}
    where movement_type is distinct from 'churn'
),

revenue_lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

members as (
    select
        account_id,
        {{ month_of('min(effective_date)') }} as cohort_month
    from movements
    group by account_id
),

cohorts as (
    select
        cohort_month,
        count(*) as cohort_accounts
    from members
    group by cohort_month
),

-- One row for every elapsed month, whether anybody is left or not.
cohort_months as (
    select
        cohorts.cohort_month,
        cohorts.cohort_accounts,
        months.revenue_month,
        date_diff('month', cohorts.cohort_month, months.revenue_month) as months_since
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.revenue_month
),

retained as (
    select
        members.cohort_month,
        account_months.mrr_month as revenue_month,
        count(*) as retained_accounts,
        sum(account_months.mrr_eur) as retained_mrr_eur
    from members
    inner join account_months
        on members.account_id = account_months.account_id
    group by
        members.cohort_month,
        account_months.mrr_month
),

churned as (
    select
        members.cohort_month,
        cast(before.mrr_month + interval 1 month as date) as revenue_month,
        count(*) as churned_accounts
    from members
    inner join account_months as before
        on members.account_id = before.account_id
    left join account_months as after
        on
            before.account_id = after.account_id
            and after.mrr_month = cast(before.mrr_month + interval 1 month as date)
    where after.account_id is null
    group by
        members.cohort_month,
        cast(before.mrr_month + interval 1 month as date)
),

-- Revenue of every type, up to and including each month; what came before the cohort's month counts in it.
earned as (
    select
        members.cohort_month,
        greatest(members.cohort_month, {{ month_of('revenue_lines.revenue_date') }}) as revenue_month,
        sum(revenue_lines.amount_eur) as revenue_eur
    from members
    inner join revenue_lines
        on members.account_id = revenue_lines.account_id
    group by
        members.cohort_month,
        greatest(members.cohort_month, {{ month_of('revenue_lines.revenue_date') }})
),

combined as (
    select
        cohort_months.cohort_month,
        cohort_months.months_since,
        cohort_months.cohort_accounts,
        coalesce(retained.retained_accounts, 0) as retained_accounts,
        coalesce(churned.churned_accounts, 0) as churned_accounts,
        coalesce(retained.retained_mrr_eur, 0) as retained_mrr_eur,
        coalesce(earned.revenue_eur, 0) as revenue_eur
    from cohort_months
    left join retained
        on
            cohort_months.cohort_month = retained.cohort_month
            and cohort_months.revenue_month = retained.revenue_month
    left join churned
        on
            cohort_months.cohort_month = churned.cohort_month
            and cohort_months.revenue_month = churned.revenue_month
    left join earned
        on
            cohort_months.cohort_month = earned.cohort_month
            and cohort_months.revenue_month = earned.revenue_month
),

followed as (
    select
        *,
        lag(retained_accounts) over cohort as previously_retained_accounts,
        first_value(retained_mrr_eur) over cohort as first_mrr_eur,
        sum(revenue_eur) over cohort as cumulative_revenue_eur
    from combined
    window cohort as (partition by cohort_month order by months_since asc)
)

select
    cohort_month,
    cast(months_since as bigint) as months_since,
    cohort_accounts,
    retained_accounts,
    {{ ratio('retained_accounts', 'cohort_accounts') }} as retention_ratio,
    churned_accounts,
    {{ ratio('churned_accounts', 'previously_retained_accounts') }} as churn_ratio,
    cast(retained_mrr_eur as decimal(18, 4)) as retained_mrr_eur,
    {{ ratio('retained_mrr_eur', 'first_mrr_eur') }} as mrr_retention_ratio,
    cast(cumulative_revenue_eur as decimal(18, 4)) as cumulative_revenue_eur,
    {{ quotient('cumulative_revenue_eur', 'cohort_accounts') }} as cumulative_revenue_per_account_eur
from followed
