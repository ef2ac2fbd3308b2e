{#- Series of local calendar days: what a dense table (METRICS 0, "every day") is stretched over. -#}

{#- One output row per day from first to last, both inclusive; stands in a select list. No row when last is before first or NULL. -#}
{% macro each_day(first_date, last_date) -%}
    {{ return(adapter.dispatch('each_day', 'netvexa')(first_date, last_date)) }}
{%- endmacro %}

{% macro default__each_day(first_date, last_date) -%}
    cast(unnest(generate_series(cast({{ first_date }} as date), cast({{ last_date }} as date), interval 1 day)) as date)
{%- endmacro %}

{#- A date some days later (or earlier, when negative). -#}
{% macro add_days(local_date, days) -%}
    cast({{ local_date }} + ({{ days }}) * interval 1 day as date)
{%- endmacro %}

{#- A date some months later (or earlier), clipped to the month's length. -#}
{% macro add_months(local_date, months) -%}
    cast({{ local_date }} + ({{ months }}) * interval 1 month as date)
{%- endmacro %}

{#- Whole days from the first date to the second, as an integer. -#}
{% macro days_between(first_date, last_date) -%}
    {{ return(adapter.dispatch('days_between', 'netvexa')(first_date, last_date)) }}
{%- endmacro %}

{% macro default__days_between(first_date, last_date) -%}
    date_diff('day', cast({{ first_date }} as date), cast({{ last_date }} as date))
{%- endmacro %}
