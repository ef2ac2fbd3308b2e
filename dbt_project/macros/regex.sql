{#- Regular expressions that a column holds, not the code. -#}

{#- Whether the pattern, whatever its letters' case, is found anywhere in the text; NULL is searched as empty text, a blank pattern matches all. -#}
{% macro found_in(pattern, text) -%}
    (
        coalesce(trim({{ pattern }}), '') = ''
        or {{ adapter.dispatch('regex_search', 'netvexa')("'(?i)' || " ~ pattern, "coalesce(" ~ text ~ ", '')") }}
    )
{%- endmacro %}

{% macro default__regex_search(pattern, text) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}
