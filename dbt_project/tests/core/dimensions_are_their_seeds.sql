-- METRICS 2.4: plans and channels are what analysts edit in the seeds, each once.
{{ config(meta={"dagster": {"ref": {"name": "dim_plans"}}}) }}

with

dimensions as (
    select 'dim_plans' as mart, plan as member, label, list_price_eur, sort from {{ ref('dim_plans') }}
    union all
    select 'dim_channels' as mart, channel as member, label, null as list_price_eur, sort from {{ ref('dim_channels') }}
),

reckoned as (
    select 'dim_plans' as mart, plan as member, label, list_price_eur, sort from {{ ref('plans') }}
    union all
    select 'dim_channels' as mart, channel as member, label, null as list_price_eur, sort from {{ ref('channels') }}
)

select *
from dimensions
full outer join reckoned
    on dimensions.mart = reckoned.mart and dimensions.member = reckoned.member
where {{ differs('dimensions', 'reckoned', 'mart', ['label', 'list_price_eur', 'sort']) }}
