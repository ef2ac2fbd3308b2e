with

-- Out of the source itself, not out of the staged events: the column store finds the few rows of one type without sorting all the others.
deliveries as (
    select *
    from {{ source('raw_app', 'events') }}
    where
        event_type = 'trial_converted'
        and received_at < {{ run_instant() }}
        and received_date not in (select received_date from {{ ref('stg_folded__days') }})
        and {{ stands() }}
        and not {{ counted_in_a_fold() }}
),

first_deliveries as (
    select *
    from deliveries
    qualify {{ delivery_number() }} = 1
),

app_conversions as (
    select
        account_id,
        occurred_at
    from first_deliveries
    where occurred_at < {{ as_of_end() }}
    union all
    select
        account_id,
        occurred_at
    from {{ ref('stg_folded__trial_events') }}
    where event_type = 'trial_converted'
),

conversions as (
    select
        account_id,
        {{ month_of(local_date('min(occurred_at)')) }} as conversion_month
    from app_conversions
    group by account_id
),

payments as (
    select
        account_id,
        {{ month_of(local_date('converted_at')) }} as payment_month
    from {{ ref('fct_trials') }}
    where is_converted
),

accounts as (
    select
        account_id,
        conversion_month as event_month,
        1 as app_conversion,
        0 as first_payment
    from conversions
    union all
    select
        account_id,
        payment_month as event_month,
        0 as app_conversion,
        1 as first_payment
    from payments
),

account_months as (
    select
        event_month,
        account_id,
        sum(app_conversion) as app_conversion,
        sum(first_payment) as first_payment
    from accounts
    group by
        event_month,
        account_id
)

select
    {{ compared(
        '3.8', 'app_conversions_and_first_payments',
        'accounts whose first trial_converted event came in the month = accounts on trial whose first payment to Stripe did',
        'event_month', 'account_id', 'app_conversion', 'first_payment', is_published=true
    ) }}
from account_months
