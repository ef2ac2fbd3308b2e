{#-
    Exact arithmetic: no double touches a number (METRICS 0). DuckDB's decimal division returns DOUBLE, so quotients are taken on
    integers (HUGEINT) and rounded half away from zero once.
-#}

{#- numerator / denominator, both integers, rounded half away from zero to an integer; NULL when the denominator is 0. -#}
{% macro divide_half_away(numerator, denominator) -%}
    (
        case when ({{ denominator }}) <> 0 then
            cast(sign({{ numerator }}) * sign({{ denominator }}) as hugeint)
            * ((2 * abs(cast({{ numerator }} as hugeint)) + abs(cast({{ denominator }} as hugeint)))
                // (2 * abs(cast({{ denominator }} as hugeint))))
        end
    )
{%- endmacro %}

{#- A sum of quality scores, kept in tenths, as the decimal it stands for. -#}
{% macro score_of_tenths(tenths) -%}
    cast(cast({{ tenths }} as decimal(27, 0)) * cast(0.1 as decimal(2, 1)) as decimal(28, 1))
{%- endmacro %}

{#- A count or a decimal of at most 4 places, as an integer number of ten-thousandths. -#}
{% macro ten_thousandths(expression) -%}
    cast(cast(({{ expression }}) as decimal(38, 4)) * 10000 as hugeint)
{%- endmacro %}

{#- numerator / denominator as decimal(18, scale); both are counts or decimals of at most 4 places. -#}
{% macro quotient(numerator, denominator, scale=4) -%}
    cast(
        cast({{ divide_half_away(
            ten_thousandths(numerator) ~ " * " ~ 10 ** scale, ten_thousandths(denominator)
        ) }} as decimal(38, 0)) * cast({{ '0.' ~ '0' * (scale - 1) ~ '1' }} as decimal({{ scale + 1 }}, {{ scale }}))
        as decimal(18, {{ scale }})
    )
{%- endmacro %}

{#- A fraction, decimal(18,6), NULL when the denominator is 0. -#}
{% macro ratio(numerator, denominator) -%}
    {{ quotient(numerator, denominator, 6) }}
{%- endmacro %}
