with

app_accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

customer_accounts as (
    select * from {{ ref('int_customers__accounts') }}
),

subscriptions as (
    select * from {{ ref('int_subscriptions__versioned') }}
),

acquisition_channels as (
    select * from {{ ref('int_accounts__acquisition_channels') }}
),

movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

account_months as (
    select * from {{ ref('fct_mrr_account_months') }}
),

trials as (
    select * from {{ ref('fct_trials') }}
),

-- A deleted customer is on no list any more, but its subscriptions and invoices are.
customer_sightings as (
    select
        customer_id,
        created_at
    from customers
    union all
    select
        customer_id,
        created_at
    from subscriptions
    union all
    select
        customer_id,
        created_at
    from invoices
),

stripe_accounts as (
    select
        customer_accounts.account_id,
        min(customer_sightings.created_at) as created_at
    from customer_sightings
    inner join customer_accounts on customer_sightings.customer_id = customer_accounts.customer_id
    group by customer_accounts.account_id
),

accounts as (
    select
        coalesce(app_accounts.account_id, stripe_accounts.account_id) as account_id,
        coalesce(app_accounts.created_at, stripe_accounts.created_at) as created_at,
        app_accounts.country
    from app_accounts
    full outer join stripe_accounts on app_accounts.account_id = stripe_accounts.account_id
),

-- How each account's subscriptions stand at the end of as_of_date.
standings as (
    select
        customer_accounts.account_id,
        count(case when subscriptions.is_counted and subscriptions.status = 'past_due' then 1 end) > 0 as is_past_due,
        count(case when subscriptions.status = 'trialing' then 1 end) > 0 as is_trialing,
        count(subscriptions.trial_started_at) > 0 as has_stripe_trial
    from subscriptions
    inner join customer_accounts on subscriptions.customer_id = customer_accounts.customer_id
    where
        subscriptions.valid_from < {{ as_of_end() }}
        and (subscriptions.valid_to is null or subscriptions.valid_to >= {{ as_of_end() }})
    group by customer_accounts.account_id
),

histories as (
    select
        account_id,
        min(effective_at) as first_mrr_at,
        max(effective_at) as last_movement_at
    from movements
    group by account_id
),

-- Two currencies may move in one instant; the account's plan is the same on both rows.
last_plans as (
    select
        movements.account_id,
        max(movements.plan) as plan
    from movements
    inner join histories
        on
            movements.account_id = histories.account_id
            and movements.effective_at = histories.last_movement_at
    group by movements.account_id
),

-- The running month's row stands at the end of as_of_date.
paying as (
    select
        account_id,
        mrr_eur,
        plan
    from account_months
    where
        mrr_month = {{ month_of(as_of_date()) }}
        and movement_type is distinct from 'churn'
),

judged as (
    select
        accounts.account_id,
        accounts.created_at,
        accounts.country,
        coalesce(acquisition_channels.acquisition_channel, 'other') as acquisition_channel,
        case
            when paying.account_id is not null and standings.is_past_due then 'past_due'
            when paying.account_id is not null then 'paying'
            when histories.account_id is not null then 'churned'
            when
                trials.trial_ends_at > {{ as_of_end() }}
                -- A subscription cancelled within its trial ends the trial before its time.
                and (coalesce(standings.is_trialing, false) or not coalesce(standings.has_stripe_trial, false))
                then 'trial'
            else 'never_paid'
        end as status,
        case when paying.account_id is not null then paying.plan else last_plans.plan end as plan,
        histories.first_mrr_at,
        case when paying.account_id is null then histories.last_movement_at end as churned_at,
        case when paying.account_id is not null then paying.mrr_eur else 0 end as mrr_eur
    from accounts
    left join acquisition_channels on accounts.account_id = acquisition_channels.account_id
    left join standings on accounts.account_id = standings.account_id
    left join histories on accounts.account_id = histories.account_id
    left join last_plans on accounts.account_id = last_plans.account_id
    left join paying on accounts.account_id = paying.account_id
    left join trials on accounts.account_id = trials.account_id
    where accounts.created_at < {{ as_of_end() }} or histories.account_id is not null
)

select
    account_id,
    created_at,
    country,
    acquisition_channel,
    status,
    plan,
    first_mrr_at,
    churned_at,
    cast(mrr_eur as decimal(18, 4)) as mrr_eur
from judged
