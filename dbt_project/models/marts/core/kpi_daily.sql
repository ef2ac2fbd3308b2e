{%- set first_date = add_days(as_of_date(), 1 - var('kpi_history_days', 400)) -%}

with

mrr as (
    select * from {{ ref('mrr_daily') }}
),

revenue as (
    select * from {{ ref('revenue_monthly') }}
),

active_agents as (
    select * from {{ ref('weekly_active_agents') }}
),

agent_days as (
    select * from {{ ref('int_agent_days__summed') }}
),

agents as (
    select * from {{ ref('fct_agent_ttfv') }}
),

trials as (
    select
        *,
        {{ local_date('trial_started_at') }} as trial_started_date
    from {{ ref('fct_trials') }}
),

targets as (
    select * from {{ ref('kpi_targets') }}
),

-- A month more than is shown, so that the first day shown can look back.
days as (
    select {{ each_day(add_months(first_date, -1), as_of_date()) }} as as_of_date
),

day_bounds as (
    select
        as_of_date,
        {{ add_days('as_of_date', -29) }} as window_start_date,
        {{ add_months(month_of(add_days('as_of_date', 1)), -1) }} as complete_month
    from days
),

conversation_days as (
    select
        activity_date,
        sum(conversation_count) as conversation_count,
        {{ score_of_tenths('sum(quality_score_tenths)') }} as quality_score_sum,
        sum(rated_response_count) as rated_response_count,
        sum(accurate_response_count) as accurate_response_count
    from agent_days
    group by activity_date
),

quality as (
    select
        day_bounds.as_of_date,
        {{ quotient('sum(conversation_days.quality_score_sum)', 'sum(conversation_days.conversation_count)') }} as quality_score,
        {{ ratio(
            'sum(conversation_days.accurate_response_count)', 'sum(conversation_days.rated_response_count)'
        ) }} as response_accuracy_ratio
    from day_bounds
    inner join conversation_days
        on conversation_days.activity_date between day_bounds.window_start_date and day_bounds.as_of_date
    group by day_bounds.as_of_date
),

-- What was known at that day's end: an agent whose first conversation came later had no value yet.
agents_with_value as (
    select
        day_bounds.as_of_date,
        agents.ttfv_hours,
        row_number() over (partition by day_bounds.as_of_date order by agents.ttfv_hours, agents.agent_id) as position,
        count(*) over (partition by day_bounds.as_of_date) as value_count
    from day_bounds
    inner join agents
        on
            {{ local_date('agents.created_at') }} between day_bounds.window_start_date and day_bounds.as_of_date
            and agents.ttfv_hours is not null
),

ttfv as (
    select
        as_of_date,
        {{ percentile_of_ranked('ttfv_hours', 'position', 'value_count', 5) }} as ttfv_median_hours
    from agents_with_value
    group by as_of_date
),

-- Trials whose window was over on that day, begun in 30 days: what they converted to is known by then.
activation as (
    select
        day_bounds.as_of_date,
        {{ ratio(
            'count(case when trials.days_to_convert <= ' ~ var('activation_window_days') ~ ' then 1 end)', 'count(*)'
        ) }} as activation_ratio
    from day_bounds
    inner join trials
        on
            trials.trial_started_date
            between {{ add_days('day_bounds.as_of_date', -(var('activation_window_days') + 29)) }}
            and {{ add_days('day_bounds.as_of_date', -var('activation_window_days')) }}
    group by day_bounds.as_of_date
),

measured as (
    select
        day_bounds.as_of_date,
        mrr.mrr_eur,
        mrr.arr_eur,
        mrr.paying_accounts,
        {{ quotient('mrr.mrr_eur', 'mrr.paying_accounts') }} as arpu_eur,
        active_agents.active_agents as weekly_active_agents,
        active_agents.conversations_per_active_agent,
        quality.quality_score,
        quality.response_accuracy_ratio,
        ttfv.ttfv_median_hours,
        activation.activation_ratio,
        revenue.mrr_growth_ratio,
        revenue.quick_ratio,
        revenue.customer_churn_ratio,
        revenue.ltv_eur,
        revenue.cac_blended_eur,
        revenue.payback_months,
        revenue.ltv_cac_ratio
    from day_bounds
    left join mrr on day_bounds.as_of_date = mrr.date
    left join active_agents on day_bounds.as_of_date = active_agents.activity_date
    left join quality on day_bounds.as_of_date = quality.as_of_date
    left join ttfv on day_bounds.as_of_date = ttfv.as_of_date
    left join activation on day_bounds.as_of_date = activation.as_of_date
    left join revenue on day_bounds.complete_month = revenue.revenue_month
),

metrics as (
    {%- for metric, unit in headline_metrics().items() %}
    select
        as_of_date,
        '{{ metric }}' as metric,
        cast({{ metric }} as decimal(18, 6)) as value,
        '{{ unit }}' as unit
    from measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        metrics.as_of_date,
        metrics.metric,
        metrics.value,
        metrics.unit,
        targets.target,
        case targets.comparator
            when '<' then metrics.value < targets.target
            when '<=' then metrics.value <= targets.target
            when '>' then metrics.value > targets.target
            when '>=' then metrics.value >= targets.target
        end as is_on_target,
        previous.value as previous_value,
        {{ change_ratio('metrics.value', 'previous.value') }} as change_ratio
    from metrics
    left join metrics as previous
        on
            metrics.metric = previous.metric
            and previous.as_of_date = {{ add_months('metrics.as_of_date', -1) }}
    left join targets on metrics.metric = targets.metric
    where metrics.as_of_date >= {{ first_date }}
)

select * from compared
