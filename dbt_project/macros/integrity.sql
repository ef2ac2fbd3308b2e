{#- The shape every comparison of METRICS 3 has, so that one report can hold them all. -#}

{#-
    The columns of one compared row, for a select list.
    identity: number in METRICS 3, e.g. '3.1'; name: the claim; compared: the equation, left = right, in words; is_published: a difference
    here is news, not a fault. subject: what the report adds rows up by; compared_row: what tells this row from others of its subject.
-#}
{% macro compared(identity, name, compared, subject, compared_row, left_value, right_value, is_published=false) -%}
    '{{ identity }}' as identity,
    '{{ name }}' as name,
    '{{ compared }}' as compared,
    {{ is_published }} as is_published,
    cast({{ subject }} as varchar) as subject,
    cast({{ compared_row }} as varchar) as compared_row,
    cast({{ left_value }} as decimal(28, 6)) as left_value,
    cast({{ right_value }} as decimal(28, 6)) as right_value
{%- endmacro %}
