with

periods as (
    select * from {{ ref('int_mrr__item_periods') }}
),

versions as (
    select * from {{ ref('int_subscriptions__versioned') }}
),

-- What followed the end of an item: the version from that instant, or, before the versions, the first of them.
endings as (
    select
        periods.account_id,
        periods.valid_to as ended_at,
        versions.status,
        versions.previous_status,
        versions.cancellation_reason
    from periods
    inner join versions
        on
            periods.subscription_id = versions.subscription_id
            and (
                periods.valid_to = versions.valid_from
                or (versions.version_number = 1 and periods.valid_to < versions.valid_from)
            )
    where periods.mrr > 0
    qualify
        -- Before the versions a subscription may have ended and come back; only its last end is what the first version speaks of.
        periods.valid_to = versions.valid_from
        or periods.valid_to = max(periods.valid_to) over (partition by periods.subscription_id, versions.version_number)
)

select distinct
    account_id,
    ended_at
from endings
where
    status in ('unpaid', 'canceled')
    and (
        cancellation_reason = 'payment_failed'
        or (
            (status = 'unpaid' or previous_status in ('past_due', 'unpaid'))
            and cancellation_reason is distinct from 'cancellation_requested'
        )
    )
