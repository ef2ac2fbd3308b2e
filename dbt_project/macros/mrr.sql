{#-
    An invoice's amount (integer, 10^-12 minor units; columns currency, intervals, months beside it) as a monthly amount in major units,
    rounded once, half away from zero, to 4 decimals. The two digits dropped first are the noise of splitting a coupon over items:
    without that an exact tie could fall on the wrong side.
-#}
{% macro monthly_amount(amount) -%}
    cast(
        cast({{ divide_half_away(
            divide_half_away(amount, 100) ~ " * intervals * 10000",
            "cast(10000000000 as hugeint) * months * (" ~ minor_units('currency') ~ ")"
        ) }} as decimal(38, 0)) * cast(0.0001 as decimal(5, 4))
        as decimal(18, 4)
    )
{%- endmacro %}

{#- The assumed gross margin (var gross_margin, a fraction of at most 4 decimals) as an exact decimal. -#}
{% macro gross_margin() -%}
    cast('{{ var("gross_margin") }}' as decimal(9, 4))
{%- endmacro %}

{#- Whether a line bills a subscription's licensed recurring item on a finalised invoice; `lines`, `invoices` and `prices` are joined. -#}
{% macro bills_a_licensed_item() -%}
    invoices.is_finalized
    and prices.is_recurring
    and prices.usage_type = 'licensed'
    and lines.subscription_id is not null
{%- endmacro %}
