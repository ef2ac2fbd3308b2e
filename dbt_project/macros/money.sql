{#- Conversion of money into the reporting currency (METRICS 0): exact, on integers, rounded half away from zero once. -#}

{#-
    An amount of at most 6 places in a currency → reporting currency, decimal(18,4): amount × reporting_rate ÷ rate, both rates in units per
    EUR on that day (int_rates__daily). NULL where a rate is unknown: an unknown rate is never taken as 1 or 0.
-#}
{% macro convert(amount, rate, reporting_rate) -%}
    cast(
        cast({{ divide_half_away(
            millionths(amount) ~ " * " ~ hundred_millionths(reporting_rate), hundred_millionths(rate) ~ " * 100"
        ) }} as decimal(38, 0)) * cast(0.0001 as decimal(5, 4))
        as decimal(18, 4)
    )
{%- endmacro %}

{#- An amount of at most 6 places as an integer number of millionths. -#}
{% macro millionths(expression) -%}
    cast(cast(({{ expression }}) as decimal(38, 6)) * 1000000 as hugeint)
{%- endmacro %}

{#- A rate of at most 8 places as an integer number of hundred-millionths. -#}
{% macro hundred_millionths(rate) -%}
    cast(cast(({{ rate }}) as decimal(38, 8)) * 100000000 as hugeint)
{%- endmacro %}
