{#- The run's clock: everything that depends on "now" or on the reporting time zone comes from here (METRICS 0). -#}

{#- The instant the run takes for now. -#}
{% macro run_instant() -%}
    cast('{{ var("run_instant") }}' as timestamptz)
{%- endmacro %}

{#- The last complete local day. -#}
{% macro as_of_date() -%}
    cast({{ local_date(run_instant()) }} - interval 1 day as date)
{%- endmacro %}

{#- The first instant after as_of_date: nothing at or after it counts yet. -#}
{% macro as_of_end() -%}
    {{ local_midnight(local_date(run_instant())) }}
{%- endmacro %}

{#- The local calendar date of an instant. -#}
{% macro local_date(instant) -%}
    {{ return(adapter.dispatch('local_date', 'netvexa')(instant)) }}
{%- endmacro %}

{% macro default__local_date(instant) -%}
    cast(timezone('{{ var("reporting_timezone") }}', {{ instant }}) as date)
{%- endmacro %}

{#- The instant at which a local date begins. -#}
{% macro local_midnight(local_date) -%}
    {{ return(adapter.dispatch('local_midnight', 'netvexa')(local_date)) }}
{%- endmacro %}

{% macro default__local_midnight(local_date) -%}
    timezone('{{ var("reporting_timezone") }}', cast({{ local_date }} as timestamp))
{%- endmacro %}

{#- First day of the local month / ISO week (Monday) of a date. -#}
{% macro month_of(local_date) -%}
    cast(date_trunc('month', {{ local_date }}) as date)
{%- endmacro %}

{% macro week_of(local_date) -%}
    cast(date_trunc('week', {{ local_date }}) as date)
{%- endmacro %}
