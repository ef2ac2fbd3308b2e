with

revenue_lines as (
    select * from {{ ref('fct_revenue_lines') }}
),

monthly as (
    select
        {{ month_of('revenue_date') }} as revenue_month,
        revenue_type,
        sum(amount_eur) as amount_eur
    from revenue_lines
    group by
        {{ month_of('revenue_date') }},
        revenue_type
    having sum(amount_eur) <> 0
),

totalled as (
    select
        *,
        sum(amount_eur) over (partition by revenue_month) as month_amount_eur
    from monthly
)

select
    revenue_month,
    revenue_type,
    cast(amount_eur as decimal(18, 4)) as amount_eur,
    {{ ratio('amount_eur', 'month_amount_eur') }} as revenue_ratio
from totalled
