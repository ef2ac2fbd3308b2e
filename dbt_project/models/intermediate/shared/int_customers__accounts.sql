with

customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

subscriptions as (
    select * from {{ ref('stg_stripe__subscriptions') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

-- A deleted customer is on no list any more, but its subscriptions and invoices are.
customer_ids as (
    select customer_id from customers
    union
    select customer_id from subscriptions
    union
    select customer_id from invoices
),

-- One account a customer: the first that claimed it.
claims as (
    select
        stripe_customer_id as customer_id,
        account_id
    from accounts
    where stripe_customer_id is not null
    qualify row_number() over (partition by stripe_customer_id order by created_at asc, account_id asc) = 1
)

select
    customer_ids.customer_id,
    coalesce(
        customers.metadata_account_id, claims.account_id, 'stripe:' || customer_ids.customer_id
    ) as account_id,
    case
        when customers.metadata_account_id is not null then 'metadata'
        when claims.account_id is not null then 'app'
        else 'stripe'
    end as resolved_by
from customer_ids
left join customers
    on customer_ids.customer_id = customers.customer_id
left join claims
    on customer_ids.customer_id = claims.customer_id
where customer_ids.customer_id is not null
