{#-
    What guards of marts are made of: data tests that reckon a number a second time, by another way than its model, and answer with the rows
    that disagree. What a row says of itself stands beside the column (equals, quotient_of); what takes other tables, in tests/.
-#}

{#- A column is what an expression over its own row, or a window over the mart, says. -#}
{% test equals(model, column_name, expression) %}

with

reckoned as (
    select
        *,
        {{ expression }} as reckoned_value
    from {{ model }}
)

select *
from reckoned
where {{ column_name }} is distinct from reckoned_value

{% endtest %}

{#- A column is numerator / denominator, rounded once to `places`, and NULL exactly where there is nothing to divide by. -#}
{% test quotient_of(model, column_name, numerator, denominator, places=4) %}

with

reckoned as (
    select
        *,
        {{ numerator }} as reckoned_numerator,
        {{ denominator }} as reckoned_denominator
    from {{ model }}
)

select *
from reckoned
where {{ misses_quotient(column_name, 'reckoned_numerator', 'reckoned_denominator', places) }}

{% endtest %}

{#-
    Whether a value is not the rounded quotient: multiplied back, as no model does it, so that no division is trusted. A tie may have gone
    either way; which, the unit tests say.
-#}
{% macro misses_quotient(value, numerator, denominator, places) -%}
    (
        ({{ value }} is null) <> (coalesce({{ denominator }}, 0) = 0 or ({{ numerator }}) is null)
        or abs(
            cast({{ value }} as decimal(18, 6)) * cast({{ denominator }} as decimal(30, 8)) - cast({{ numerator }} as decimal(38, 14))
        ) > abs(cast({{ denominator }} as decimal(30, 8))) * cast(0.{{ '0' * places }}5 as decimal(7, 7))
    )
{%- endmacro %}

{#-
    Whether two rows that should be one differ, for the where of a full outer join by their key: of one side alone, or unequal in a column.
    mart, reckoned: the two sides; key: its first column, never NULL; quotients: a column of the mart → the reckoned columns that make it,
    numerator and denominator, and its places.
-#}
{% macro differs(mart, reckoned, key, columns=[], quotients={}) -%}
    (
        {{ mart }}.{{ key }} is null
        or {{ reckoned }}.{{ key }} is null
        {%- for column in columns %}
        or {{ mart }}.{{ column }} is distinct from {{ reckoned }}.{{ column }}
        {%- endfor %}
        {%- for column, (numerator, denominator, places) in quotients.items() %}
        or {{ misses_quotient(mart ~ '.' ~ column, reckoned ~ '.' ~ numerator, reckoned ~ '.' ~ denominator, places) }}
        {%- endfor %}
    )
{%- endmacro %}

{#- The engine's own percentile, over values of at most 2 places: its double is exact enough to be rounded to the third, where it ends. -#}
{% macro continuous_percentile(value, fraction) -%}
    cast(round(quantile_cont(cast({{ value }} as double), {{ fraction }}), 3) as decimal(18, 4))
{%- endmacro %}

{#- The Monday on or before a date, by the day's number in its week. -#}
{% macro monday_of(local_date) -%}
    cast({{ local_date }} - (isodow({{ local_date }}) - 1) * interval 1 day as date)
{%- endmacro %}

{#- The last day that counts of a month: its own last, or as_of_date while it runs. -#}
{% macro last_day_of_month(month) -%}
    least({{ add_days(add_months(month, 1), -1) }}, {{ as_of_date() }})
{%- endmacro %}

{#- Minor units as an amount of 4 places: by how many digits the currency has, not by a division. -#}
{% macro major_units(minor, currency) -%}
    cast(
        cast({{ minor }} as decimal(18, 0))
        * case ({{ minor_units(currency) }}) when 1 then 1 when 100 then cast(0.01 as decimal(4, 3)) else cast(0.001 as decimal(4, 3)) end
        as decimal(18, 4)
    )
{%- endmacro %}
