with

accounts as (
    select * from {{ ref('stg_app__accounts') }}
),

rules as (
    select * from {{ ref('channel_rules') }}
),

matched as (
    select
        accounts.account_id,
        rules.channel
    from accounts
    inner join rules
        on
            {{ found_in('rules.utm_source', 'accounts.utm_source') }}
            and {{ found_in('rules.utm_medium', 'accounts.utm_medium') }}
            and {{ found_in('rules.utm_campaign', 'accounts.utm_campaign') }}
            and {{ found_in('rules.referrer_host', 'accounts.referrer_host') }}
    qualify row_number() over (partition by accounts.account_id order by rules.rule_order) = 1
)

select
    accounts.account_id,
    coalesce(matched.channel, 'other') as acquisition_channel
from accounts
left join matched on accounts.account_id = matched.account_id
