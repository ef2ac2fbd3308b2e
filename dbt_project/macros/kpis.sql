{#- The headline metrics of kpi_daily (METRICS 2.4), in one list: name → unit. -#}
{% macro headline_metrics() -%}
    {{ return({
        'mrr_eur': 'eur',
        'arr_eur': 'eur',
        'paying_accounts': 'count',
        'arpu_eur': 'eur',
        'weekly_active_agents': 'count',
        'conversations_per_active_agent': 'count',
        'quality_score': 'score',
        'response_accuracy_ratio': 'ratio',
        'ttfv_median_hours': 'hours',
        'activation_ratio': 'ratio',
        'mrr_growth_ratio': 'ratio',
        'quick_ratio': 'ratio',
        'customer_churn_ratio': 'ratio',
        'ltv_eur': 'eur',
        'cac_blended_eur': 'eur',
        'payback_months': 'months',
        'ltv_cac_ratio': 'ratio'
    }) }}
{%- endmacro %}

{#- The change from one value to another as a fraction of the first, decimal(18,6); values have at most 6 places. NULL from 0. -#}
{% macro change_ratio(value, previous_value) -%}
    cast(
        cast({{ divide_half_away(
            "(" ~ millionths(value) ~ " - " ~ millionths(previous_value) ~ ") * 1000000", millionths(previous_value)
        ) }} as decimal(38, 0)) * cast(0.000001 as decimal(7, 6))
        as decimal(18, 6)
    )
{%- endmacro %}
