-- METRICS 2.3: spend by day, trials by account, and first payers as dim_accounts knows them, by channel and over all.
{{ config(meta={"dagster": {"ref": {"name": "cac_monthly"}}}) }}

with

cac as (
    select * from {{ ref('cac_monthly') }}
),

spend as (
    select
        {{ month_of('spend_date') }} as cac_month,
        coalesce(channel, 'blended') as channel,
        sum(spend_eur) as spend_eur
    from {{ ref('fct_spend_daily') }}
    group by grouping sets (({{ month_of('spend_date') }}, channel), ({{ month_of('spend_date') }}))
),

trials as (
    select
        {{ month_of(local_date('trial_started_at')) }} as cac_month,
        coalesce(acquisition_channel, 'blended') as channel,
        count(*) as trial_count
    from {{ ref('fct_trials') }}
    group by grouping sets (
        ({{ month_of(local_date('trial_started_at')) }}, acquisition_channel),
        ({{ month_of(local_date('trial_started_at')) }})
    )
),

payers as (
    select
        {{ month_of(local_date('first_mrr_at')) }} as cac_month,
        coalesce(acquisition_channel, 'blended') as channel,
        count(*) as new_paying_accounts
    from {{ ref('dim_accounts') }}
    where first_mrr_at is not null
    group by grouping sets (
        ({{ month_of(local_date('first_mrr_at')) }}, acquisition_channel),
        ({{ month_of(local_date('first_mrr_at')) }})
    )
),

months as (
    select cac_month, channel from spend
    union
    select cac_month, channel from trials
    union
    select cac_month, channel from payers
),

-- No spend is 0; spend of which no part could be converted is unknown.
reckoned as (
    select
        months.cac_month,
        months.channel,
        case when spend.cac_month is null then 0 else spend.spend_eur end as spend_eur,
        coalesce(trials.trial_count, 0) as trial_count,
        coalesce(payers.new_paying_accounts, 0) as new_paying_accounts
    from months
    left join spend on months.cac_month = spend.cac_month and months.channel = spend.channel
    left join trials on months.cac_month = trials.cac_month and months.channel = trials.channel
    left join payers on months.cac_month = payers.cac_month and months.channel = payers.channel
    where
        case when spend.cac_month is null then 0 else spend.spend_eur end is distinct from 0
        or trials.trial_count > 0
        or payers.new_paying_accounts > 0
)

select *
from cac
full outer join reckoned
    on cac.cac_month = reckoned.cac_month and cac.channel = reckoned.channel
where {{ differs('cac', 'reckoned', 'cac_month', ['spend_eur', 'trial_count', 'new_paying_accounts']) }}
