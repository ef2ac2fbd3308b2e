-- METRICS 2.4: each headline metric of each day asked of its own mart again, its value a month earlier of the day itself.
{{ config(meta={"dagster": {"ref": {"name": "kpi_daily"}}}) }}

{%- set first_date = add_days(as_of_date(), 1 - var('kpi_history_days', 400)) %}

with

headline as (
    select * from {{ ref('kpi_daily') }}
),

targets as (
    select * from {{ ref('kpi_targets') }}
),

days as (
    select {{ each_day(add_months(first_date, -1), as_of_date()) }} as as_of_date
),

mrr as (
    select * from {{ ref('mrr_daily') }}
),

weekly as (
    select * from {{ ref('weekly_active_agents') }}
),

monthly as (
    select
        *,
        {{ add_days(add_months('revenue_month', 1), -1) }} as known_from,
        {{ add_days(add_months('revenue_month', 2), -2) }} as known_until
    from {{ ref('revenue_monthly') }}
    where is_complete
),

scores as (
    select
        started_date,
        1 as conversation_count,
        cast(quality_score as decimal(28, 1)) as quality_score,
        rated_response_count,
        accurate_response_count
    from {{ ref('fct_conversations') }}
    union all
    select
        activity_date as started_date,
        conversation_count,
        cast(quality_score_tenths * 0.1 as decimal(28, 1)) as quality_score,
        rated_response_count,
        accurate_response_count
    from {{ ref('stg_folded__agent_days') }}
),

conversations as (
    select
        started_date,
        sum(conversation_count) as conversation_count,
        sum(quality_score) as score_sum,
        sum(rated_response_count) as rated_response_count,
        sum(accurate_response_count) as accurate_response_count
    from scores
    group by started_date
),

-- Everything of thirty days is spread over the days that it counts in.
spread_conversations as (
    select
        *,
        {{ each_day('started_date', add_days('started_date', 29)) }} as as_of_date
    from conversations
),

quality as (
    select
        as_of_date,
        sum(score_sum) as score_sum,
        sum(conversation_count) as conversation_count,
        sum(rated_response_count) as rated_response_count,
        sum(accurate_response_count) as accurate_response_count
    from spread_conversations
    group by as_of_date
),

spread_agents as (
    select
        ttfv_hours,
        {{ each_day(local_date('created_at'), add_days(local_date('created_at'), 29)) }} as as_of_date
    from {{ ref('fct_agent_ttfv') }}
    where first_conversation_at is not null
),

ttfv as (
    select
        as_of_date,
        {{ continuous_percentile('ttfv_hours', 0.5) }} as ttfv_median_hours
    from spread_agents
    group by as_of_date
),

spread_trials as (
    select
        days_to_convert,
        {{ each_day(
            add_days(local_date('trial_started_at'), var('activation_window_days')),
            add_days(local_date('trial_started_at'), var('activation_window_days') + 29)
        ) }} as as_of_date
    from {{ ref('fct_trials') }}
),

activation as (
    select
        as_of_date,
        count(*) filter (where days_to_convert <= {{ var('activation_window_days') }}) as converted_count,
        count(*) as trial_count
    from spread_trials
    group by as_of_date
),

-- A quotient as its numerator and denominator; what a mart already holds is divided by 1.
parts as (
    {%- for metric in ['mrr_eur', 'arr_eur', 'paying_accounts'] %}
    select date as as_of_date, '{{ metric }}' as metric, cast({{ metric }} as decimal(24, 6)) as numerator, 1 as denominator from mrr
    union all
    {%- endfor %}
    select date, 'arpu_eur', cast(mrr_eur as decimal(24, 6)), paying_accounts from mrr
    union all
    select activity_date, 'weekly_active_agents', cast(active_agents as decimal(24, 6)), 1 from weekly
    union all
    select activity_date, 'conversations_per_active_agent', cast(conversations_per_active_agent as decimal(24, 6)), 1 from weekly
    union all
    select as_of_date, 'quality_score', cast(score_sum as decimal(24, 6)), conversation_count from quality
    union all
    select as_of_date, 'response_accuracy_ratio', cast(accurate_response_count as decimal(24, 6)), rated_response_count from quality
    union all
    select as_of_date, 'ttfv_median_hours', cast(ttfv_median_hours as decimal(24, 6)), 1 from ttfv
    union all
    select as_of_date, 'activation_ratio', cast(converted_count as decimal(24, 6)), trial_count from activation
    {%- for metric in [
        'mrr_growth_ratio', 'quick_ratio', 'customer_churn_ratio', 'ltv_eur', 'cac_blended_eur', 'payback_months', 'ltv_cac_ratio'
    ] %}
    union all
    select days.as_of_date, '{{ metric }}', cast(monthly.{{ metric }} as decimal(24, 6)), 1
    from days
    inner join monthly on days.as_of_date between monthly.known_from and monthly.known_until
    {%- endfor %}
),

units as (
    {%- for metric, unit in headline_metrics().items() %}
    select '{{ metric }}' as metric, '{{ unit }}' as unit, {{ 4 if unit in ('eur', 'score') else 6 }} as places
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

reckoned as (
    select
        days.as_of_date,
        units.metric,
        units.unit,
        units.places,
        parts.numerator,
        parts.denominator,
        targets.target,
        targets.comparator
    from days
    cross join units
    left join parts on days.as_of_date = parts.as_of_date and units.metric = parts.metric
    left join targets on units.metric = targets.metric
    where days.as_of_date >= {{ first_date }}
),

previous as (
    select
        days.as_of_date,
        parts.metric,
        parts.numerator,
        parts.denominator
    from days
    inner join parts on parts.as_of_date = {{ add_months('days.as_of_date', -1) }}
)

select
    coalesce(headline.as_of_date, reckoned.as_of_date) as as_of_date,
    coalesce(headline.metric, reckoned.metric) as metric,
    headline.value,
    reckoned.numerator,
    reckoned.denominator,
    headline.previous_value,
    previous.numerator as previous_numerator,
    previous.denominator as previous_denominator,
    headline.unit,
    headline.target,
    headline.is_on_target,
    reckoned.target as reckoned_target
from headline
full outer join reckoned on headline.as_of_date = reckoned.as_of_date and headline.metric = reckoned.metric
left join previous on headline.as_of_date = previous.as_of_date and headline.metric = previous.metric
where
    headline.metric is null
    or reckoned.metric is null
    or headline.unit is distinct from reckoned.unit
    or headline.target is distinct from reckoned.target
    or headline.is_on_target is distinct from case reckoned.comparator
        when '<' then headline.value < reckoned.target
        when '<=' then not headline.value > reckoned.target
        when '>' then headline.value > reckoned.target
        when '>=' then not headline.value < reckoned.target
    end
    or case reckoned.places
        when 4 then {{ misses_quotient('headline.value', 'reckoned.numerator', 'reckoned.denominator', 4) }}
        else {{ misses_quotient('headline.value', 'reckoned.numerator', 'reckoned.denominator', 6) }}
    end
    or case reckoned.places
        when 4 then {{ misses_quotient('headline.previous_value', 'previous.numerator', 'previous.denominator', 4) }}
        else {{ misses_quotient('headline.previous_value', 'previous.numerator', 'previous.denominator', 6) }}
    end
