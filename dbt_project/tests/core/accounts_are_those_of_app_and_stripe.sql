-- METRICS 2.4: every account that the app or Stripe knows, its standing asked of ledger and subscriptions, its channel of the rules.
{{ config(meta={"dagster": {"ref": {"name": "dim_accounts"}}}) }}

with

dim_accounts as (
    select * from {{ ref('dim_accounts') }}
),

app_accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

movements as (
    select
        *,
        lead(effective_at) over (partition by account_id, currency order by effective_at asc) is null as is_newest
    from {{ ref('fct_mrr_movements') }}
),

rates as (
    select *
    from {{ ref('int_rates__daily') }}
    where rate_date = {{ as_of_date() }}
),

periods as (
    select periods.*
    from {{ ref('int_mrr__item_periods') }} as periods
    where periods.mrr > 0 and periods.valid_from < {{ as_of_end() }} and coalesce(periods.valid_to >= {{ as_of_end() }}, true)
),

rules as (
    select * from {{ ref('channel_rules') }}
),

sightings as (
    select customer_id, created_at from {{ ref('stg_stripe__customers') }}
    union all
    select customer_id, created_at from {{ ref('stg_stripe__subscriptions') }}
    union all
    select customer_id, created_at from {{ ref('stg_stripe__invoices') }}
),

known as (
    select
        account_id,
        created_at,
        country,
        1 as source_order
    from app_accounts
    union all
    select
        customers.account_id,
        sightings.created_at,
        null as country,
        2 as source_order
    from sightings
    inner join customers on sightings.customer_id = customers.customer_id
),

-- What the app says of an account goes before what Stripe saw of it.
accounts as (
    select
        account_id,
        first(created_at order by source_order, created_at) as created_at,
        max(country) as country
    from known
    group by account_id
),

histories as (
    select
        movements.account_id,
        min(movements.effective_at) as first_mrr_at,
        max(movements.effective_at) as last_movement_at,
        max_by(movements.plan, movements.effective_at) as last_plan,
        sum(movements.mrr_after) filter (where movements.is_newest) > 0 as is_paying,
        sum({{ convert('movements.mrr_after', 'rates.rate', 'rates.reporting_rate') }}) filter (
            where movements.is_newest and movements.mrr_after > 0
        ) as mrr_eur
    from movements
    left join rates on movements.currency = rates.currency
    group by movements.account_id
),

plans_today as (
    select
        periods.account_id,
        first(
            periods.plan
            order by
                {{ convert('periods.mrr', 'rates.rate', 'rates.reporting_rate') }} desc nulls last,
                periods.mrr desc,
                periods.item_id asc
        ) as plan
    from periods
    left join rates on periods.currency = rates.currency
    group by periods.account_id
),

subscriptions as (
    select
        customers.account_id,
        bool_or(versions.is_counted and versions.status = 'past_due') as is_past_due,
        bool_or(versions.status = 'trialing') as is_trialing,
        bool_or(versions.trial_started_at is not null) as has_trial
    from {{ ref('int_subscriptions__versioned') }} as versions
    inner join customers on versions.customer_id = customers.customer_id
    where versions.valid_from < {{ as_of_end() }} and coalesce(versions.valid_to >= {{ as_of_end() }}, true)
    group by customers.account_id
),

trials as (
    select * from {{ ref('fct_trials') }}
),

channels as (
    select
        app_accounts.account_id,
        min_by(rules.channel, rules.rule_order) as channel
    from app_accounts
    inner join rules
        on
            {{ found_in('rules.utm_source', 'app_accounts.utm_source') }}
            and {{ found_in('rules.utm_medium', 'app_accounts.utm_medium') }}
            and {{ found_in('rules.utm_campaign', 'app_accounts.utm_campaign') }}
            and {{ found_in('rules.referrer_host', 'app_accounts.referrer_host') }}
    group by app_accounts.account_id
),

reckoned as (
    select
        accounts.account_id,
        accounts.created_at,
        accounts.country,
        coalesce(channels.channel, 'other') as acquisition_channel,
        case
            when histories.is_paying and subscriptions.is_past_due then 'past_due'
            when histories.is_paying then 'paying'
            when histories.account_id is not null then 'churned'
            when trials.trial_ends_at <= {{ as_of_end() }} or trials.trial_ends_at is null then 'never_paid'
            when subscriptions.has_trial and not subscriptions.is_trialing then 'never_paid'
            else 'trial'
        end as status,
        coalesce(plans_today.plan, histories.last_plan) as plan,
        histories.first_mrr_at,
        case when not histories.is_paying then histories.last_movement_at end as churned_at,
        case when histories.is_paying then histories.mrr_eur else 0 end as mrr_eur
    from accounts
    left join channels on accounts.account_id = channels.account_id
    left join histories on accounts.account_id = histories.account_id
    left join plans_today on accounts.account_id = plans_today.account_id
    left join subscriptions on accounts.account_id = subscriptions.account_id
    left join trials on accounts.account_id = trials.account_id
    where accounts.created_at < {{ as_of_end() }} or histories.account_id is not null
)

select *
from dim_accounts
full outer join reckoned
    on dim_accounts.account_id = reckoned.account_id
where {{ differs(
    'dim_accounts', 'reckoned', 'account_id',
    ['created_at', 'country', 'acquisition_channel', 'status', 'plan', 'first_mrr_at', 'churned_at', 'mrr_eur']
) }}
