with

events as (
    select *
    from {{ ref('int_events__trials') }}
    where event_type = 'trial_started'
),

subscriptions as (
    select * from {{ ref('stg_stripe__subscription_snapshots') }}
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

payments as (
    select * from {{ ref('int_accounts__first_payments') }}
),

app_trials as (
    select
        account_id,
        event_id,
        occurred_at as trial_started_at,
        trial_days
    from events
    qualify row_number() over (partition by account_id order by occurred_at, received_at, event_id) = 1
),

-- The account's first trial in Stripe, its end as last seen: an end moves when a trial is cut short or prolonged.
stripe_trials as (
    select
        customers.account_id,
        subscriptions.trial_started_at,
        subscriptions.trial_ends_at
    from subscriptions
    inner join customers on subscriptions.customer_id = customers.customer_id
    where subscriptions.trial_started_at < {{ as_of_end() }}
    qualify row_number() over (
        partition by customers.account_id
        order by
            subscriptions.trial_started_at,
            subscriptions.subscription_id,
            subscriptions.seen_at desc,
            subscriptions.snapshot_kind desc,
            subscriptions.trial_ends_at desc
    ) = 1
),

started as (
    select
        coalesce(app_trials.account_id, stripe_trials.account_id) as account_id,
        app_trials.event_id,
        app_trials.trial_days,
        least(
            coalesce(app_trials.trial_started_at, stripe_trials.trial_started_at),
            coalesce(stripe_trials.trial_started_at, app_trials.trial_started_at)
        ) as trial_started_at,
        stripe_trials.trial_ends_at
    from app_trials
    full outer join stripe_trials on app_trials.account_id = stripe_trials.account_id
)

select
    started.account_id,
    started.event_id,
    started.trial_started_at,
    coalesce(
        started.trial_ends_at, started.trial_started_at + started.trial_days * interval 24 hour
    ) as trial_ends_at,
    payments.first_paid_at as converted_at
from started
left join payments on started.account_id = payments.account_id
-- Who had paid before is no trial.
where payments.first_paid_at is null or payments.first_paid_at >= started.trial_started_at
