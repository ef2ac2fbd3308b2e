-- METRICS 2.3: every account's first trial by whoever tells it, and its first paid recurring invoice, asked of the sources' own rows.
{{ config(meta={"dagster": {"ref": {"name": "fct_trials"}}}) }}

with

trials as (
    select * from {{ ref('fct_trials') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

app_starts as (
    select
        account_id,
        min(occurred_at) as started_at,
        first(trial_days order by occurred_at, received_at, event_id) as trial_days
    from {{ ref('int_events__trials') }}
    where event_type = 'trial_started'
    group by account_id
),

stripe_starts as (
    select
        customers.account_id,
        min(snapshots.trial_started_at) as started_at,
        first(
            snapshots.trial_ends_at
            order by
                snapshots.trial_started_at,
                snapshots.subscription_id,
                snapshots.seen_at desc,
                snapshots.snapshot_kind desc,
                snapshots.trial_ends_at desc
        ) as trial_ends_at
    from {{ ref('stg_stripe__subscription_snapshots') }} as snapshots
    inner join customers on snapshots.customer_id = customers.customer_id
    where snapshots.trial_started_at < {{ as_of_end() }}
    group by customers.account_id
),

told as (
    select
        account_id,
        started_at,
        null as trial_ends_at,
        trial_days
    from app_starts

    union all

    select
        account_id,
        started_at,
        trial_ends_at,
        null as trial_days
    from stripe_starts
),

starts as (
    select
        account_id,
        min(started_at) as trial_started_at,
        max(trial_ends_at) as stripe_ends_at,
        max(trial_days) as trial_days
    from told
    group by account_id
),

recurring_lines as (
    select lines.invoice_id
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join {{ ref('stg_stripe__prices') }} as prices on lines.price_id = prices.price_id
    where prices.is_recurring and lines.amount_minor > lines.discount_minor + lines.inclusive_tax_minor
),

payments as (
    select
        customers.account_id,
        min(invoices.paid_at) as converted_at
    from {{ ref('stg_stripe__invoices') }} as invoices
    inner join customers on invoices.customer_id = customers.customer_id
    where
        invoices.status = 'paid'
        and invoices.is_finalized
        and invoices.finalized_at < {{ as_of_end() }}
        and invoices.total_minor > 0
        and invoices.paid_at < {{ as_of_end() }}
        and invoices.invoice_id in (select invoice_id from recurring_lines)
    group by customers.account_id
),

reckoned as (
    select
        starts.account_id,
        starts.trial_started_at,
        coalesce(starts.stripe_ends_at, starts.trial_started_at + to_hours(24 * starts.trial_days)) as trial_ends_at,
        payments.converted_at,
        coalesce(accounts.acquisition_channel, 'other') as acquisition_channel
    from starts
    left join payments on starts.account_id = payments.account_id
    left join accounts on starts.account_id = accounts.account_id
    where not coalesce(payments.converted_at < starts.trial_started_at, false)
)

select *
from trials
full outer join reckoned
    on trials.account_id = reckoned.account_id
where {{ differs('trials', 'reckoned', 'account_id', ['trial_started_at', 'trial_ends_at', 'converted_at', 'acquisition_channel']) }}
