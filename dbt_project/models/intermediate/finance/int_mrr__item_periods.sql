with

priced as (
    select * from {{ ref('int_subscription_items__priced') }}
),

discounted as (
    select * from {{ ref('int_subscription_items__discounted') }}
),

-- Months in an interval, as a fraction: a year is 12, a week 12/52, a day 12/365.
monthly as (
    select
        priced.*,
        discounted.contract_amount,
        discounted.billed_amount,
        case priced.billing_interval when 'week' then 52 when 'day' then 365 else 1 end as intervals,
        case priced.billing_interval when 'month' then 1 else 12 end * priced.interval_count as months
    from priced
    inner join discounted
        on
            priced.subscription_id = discounted.subscription_id
            and priced.item_id = discounted.item_id
            and priced.segment_from = discounted.segment_from
    where priced.revenue_type <> 'services'
)

select
    account_id,
    subscription_id,
    item_id,
    segment_from as valid_from,
    segment_to as valid_to,
    currency,
    plan,
    {{ monthly_amount('contract_amount') }} as mrr,
    {{ monthly_amount('billed_amount') }} as mrr_billed,
    case when is_committed then {{ monthly_amount('contract_amount') }} else 0 end as mrr_committed,
    is_inferred,
    is_tax_unknown
from monthly
where invoice_amount <> 0
