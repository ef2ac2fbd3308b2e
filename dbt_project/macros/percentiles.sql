{#- Continuous percentiles without doubles: percentile_cont over decimals answers a DOUBLE in DuckDB, and differs between engines. -#}

{#-
    The percentile (in tenths: 5 is the median, 9 is p90) of a group, decimal(18,4), interpolated between neighbours. An aggregate over rows
    ranked by `value` within their group: position counts from 1, value_count is the group's size. Values have at most 3 places, so that the
    result is exact. NULL over no rows.
-#}
{% macro percentile_of_ranked(value, position, value_count, tenths) -%}
    cast(
        sum(
            cast({{ value }} as decimal(18, 3)) * cast(
                case
                    when ({{ position }}) = {{ tenths }} * ({{ value_count }} - 1) // 10 + 1
                        then 10 - {{ tenths }} * ({{ value_count }} - 1) % 10
                    when ({{ position }}) = {{ tenths }} * ({{ value_count }} - 1) // 10 + 2
                        then {{ tenths }} * ({{ value_count }} - 1) % 10
                    else 0
                end as decimal(2, 0)
            )
        ) * cast(0.1 as decimal(2, 1))
        as decimal(18, 4)
    )
{%- endmacro %}
