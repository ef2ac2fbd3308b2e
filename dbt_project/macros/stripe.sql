{#- Reading Stripe's own JSON out of the lake: which rows count, and how a field or a list is taken out (METRICS 1.2). -#}

{#- The rows of a raw_stripe table that count: read by this run or before, created before its instant, not test mode. -#}
{% macro stripe_rows(table) -%}
    select *
    from {{ source('raw_stripe', table) }}
    where
        coalesce(created_at < {{ run_instant() }}, true)
        and read_at <= {{ run_instant() }}
        {%- if not var('include_test_mode') %}
        and coalesce(livemode, true)
        {%- endif %}
{%- endmacro %}

{#- Keeps the newest version read of each object. -#}
{% macro newest_version() -%}
    qualify row_number() over (partition by id order by read_at desc, payload desc) = 1
{%- endmacro %}

{#- A JSON document as a typed structure; fields it lacks are NULL. -#}
{% macro parse_json(document, structure) -%}
    {{ return(adapter.dispatch('parse_json', 'netvexa')(document, structure)) }}
{%- endmacro %}

{% macro default__parse_json(document, structure) -%}
    from_json({{ document }}, '{{ structure | replace("\n", "") | replace("  ", "") }}')
{%- endmacro %}

{#- Stripe's epoch seconds as an instant. -#}
{% macro from_epoch(seconds) -%}
    to_timestamp({{ seconds }})
{%- endmacro %}

{#- The id of a reference that is either an id or the expanded object. -#}
{% macro reference_id(reference) -%}
    coalesce(
        json_extract_string({{ reference }}, '$.id'),
        case when json_type({{ reference }}) = 'VARCHAR' then json_extract_string({{ reference }}, '$') end
    )
{%- endmacro %}

{#- The ids of a list of such references. -#}
{% macro reference_ids(references) -%}
    list_transform(coalesce({{ references }}, []), lambda reference : {{ reference_id('reference') }})
{%- endmacro %}
