{#- Days of app events that have left the lake, folded into day-level sums before (docs/adr/0011): how the models read what is left of them. -#}

{#-
    A folded table as a query to select from; no rows while nothing has been folded, for most companies never have a day old enough, and
    an engine cannot read files that are not there. source: the relation; columns: name → type, all that the table has.
-#}
{% macro folded(source, columns) -%}
    {%- set found = false -%}
    {%- if execute -%}
        {%- set found = run_query("select count(*) from glob('" ~ var('lake_dir') ~ "/raw_folded/" ~ source.identifier ~ "/*/data.parquet')").rows[0][0] > 0 -%}
    {%- endif -%}
    select
        {%- for column, type in columns.items() %}
        {{ column if found else 'cast(null as ' ~ type ~ ') as ' ~ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {% if found %}from {{ source }}{% else %}where false{% endif %}
{%- endmacro %}

{#-
    Whether a delivery of raw_app.events still counts by itself; the deliveries folded out of partitions that stay are counted in the folds.
    One day may hold an id under two conversations, of which only one has left.
-#}
{% macro stands() -%}
    (id, received_date, {{ event_group() }}) not in (select (event_id, received_date, event_group) from {{ ref('stg_folded__deliveries') }})
{%- endmacro %}

{#- Whether an id has counted in a fold, so that any other delivery of it is a duplicate. -#}
{% macro counted_in_a_fold() -%}
    id in (select event_id from {{ ref('stg_folded__deliveries') }} where reason <> 'duplicate')
{%- endmacro %}

{#- The conversations' groups and days of other events whose first partition leaves: they leave whole. For a CTE. -#}
{% macro leaving_event_groups() -%}
    select
        *,
        first_received_date as folded_date
    from {{ ref('int_event_groups__built') }}
    where first_received_date <= '{{ var("events_leave_through") }}'
{%- endmacro %}

{#- The weights of the quality score in one text, as a fold records them. -#}
{% macro quality_weights() -%}
    {{ return([var('quality_weight_messages'), var('quality_weight_duration'), var('quality_weight_lead')] | join('/')) }}
{%- endmacro %}
