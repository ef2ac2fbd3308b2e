{#- Generic data test: no two rows share the values of these columns (a compound key). Returns the keys met twice. -#}
{% test unique_together(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
