{#- What an app event is to the warehouse (METRICS 1.1, 2.1). -#}

{#- The types that make up a conversation; no other type belongs to one, whatever conversation_id it carries. -#}
{% macro conversation_event_types() -%}
    ('conversation_started', 'message_sent', 'response_rated', 'lead_captured', 'conversation_ended')
{%- endmacro %}

{#-
    Which delivery of an event id this is, 1 being the one that counts: the earliest received. Deliveries received in the same
    microsecond are told apart by their content, so that the order of arrival never decides.
-#}
{% macro delivery_number() -%}
    row_number() over (
        partition by id
        order by
            received_at, occurred_at, event_type, account_id, agent_id, conversation_id, visitor_token, is_test, channel,
            sender, is_accurate, plan, trial_days, amount, currency, feature, experiment, variant
    )
{%- endmacro %}

{#-
    Several columns as one value that compares column by column: min() of it is the first row in that order, NULLs and all. With a
    relation's name when they would be ambiguous without.
-#}
{% macro record(columns, relation=none) -%}
    {{ return(adapter.dispatch('record', 'netvexa')(columns, relation)) }}
{%- endmacro %}

{% macro default__record(columns, relation) -%}
    struct_pack(
        {%- for column in columns %}{{ column }} := {{ relation ~ '.' if relation }}{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}

{#- Microseconds from one instant to another, negative when the second is earlier. -#}
{% macro microseconds_between(first_instant, last_instant) -%}
    {{ return(adapter.dispatch('microseconds_between', 'netvexa')(first_instant, last_instant)) }}
{%- endmacro %}

{% macro default__microseconds_between(first_instant, last_instant) -%}
    (epoch_us({{ last_instant }}) - epoch_us({{ first_instant }}))
{%- endmacro %}
