with

versioned as (
    select * from {{ ref('int_subscription_items__versioned') }}
),

invoiced as (
    select * from {{ ref('int_subscription_items__invoiced') }}
),

inferred as (
    select * from {{ ref('int_subscription_items__inferred') }}
),

subscriptions as (
    select
        subscription_id,
        arg_max(customer_id, version_number) as customer_id,
        arg_max(currency, version_number) as currency
    from {{ ref('int_subscriptions__versioned') }}
    group by subscription_id
),

customers as (
    select * from {{ ref('int_customers__accounts') }}
),

history as (
    select * from versioned
    union all by name
    select * from invoiced
    union all by name
    select * from inferred
)

select
    customers.account_id,
    subscriptions.customer_id,
    subscriptions.currency,
    history.*
from history
inner join subscriptions
    on history.subscription_id = subscriptions.subscription_id
inner join customers
    on subscriptions.customer_id = customers.customer_id
