-- METRICS 3.6, after conversion: Σ fct_spend_daily = Σ converted rows, each month and channel.
{{ config(meta={"dagster": {"ref": {"name": "fct_spend_daily"}}}) }}

with

facts as (
    select
        {{ month_of('spend_date') }} as spend_month,
        channel,
        sum(spend_eur) as spend_eur
    from {{ ref('fct_spend_daily') }}
    group by {{ month_of('spend_date') }}, channel
),

spend as (
    select
        {{ month_of('spend_date') }} as spend_month,
        channel,
        sum(amount_eur) as spend_eur
    from {{ ref('int_spend__daily') }}
    group by {{ month_of('spend_date') }}, channel
)

select
    spend.spend_month,
    spend.channel,
    spend.spend_eur as spend_of_rows_eur,
    facts.spend_eur
from spend
full outer join facts
    on
        spend.spend_month = facts.spend_month
        and spend.channel = facts.channel
where coalesce(spend.spend_eur, 0) <> coalesce(facts.spend_eur, 0)
