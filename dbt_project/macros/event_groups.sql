{#-
    Incremental by arrival (docs/adr/0009): app events are built in groups, and each group remembers what it was built from.
    Here: what a group is, what it depends on besides its events, and what earlier builds left behind.
-#}

{#-
    What a delivery is built together with: its conversation, or, for a type that belongs to none, the other events received that UTC day.
    Text; conversation_of() takes the conversation back out.
-#}
{% macro event_group() -%}
    case
        when event_type in {{ conversation_event_types() }} then 'conversation ' || conversation_id
        else 'other events of ' || received_date
    end
{%- endmacro %}

{#- The conversation id in an event group; NULL for other events. -#}
{% macro conversation_of(event_group) -%}
    case when {{ event_group }} like 'conversation %' then substr({{ event_group }}, 14) end
{%- endmacro %}

{#-
    A fingerprint of what decides about a group besides its events: variables, and the text of the models that build it. A changed
    macro does not show in it: build with --full-refresh then.
-#}
{% macro event_group_settings() -%}
    {%- set settings = [] -%}
    {%- for name in ['reporting_timezone', 'quality_weight_messages', 'quality_weight_duration', 'quality_weight_lead'] -%}
        {%- do settings.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for name in ['int_event_groups__rebuilt', 'fct_conversations', 'int_agent_days__summed', 'int_event_groups__built'] -%}
            {%- do settings.append(graph.nodes['model.netvexa.' ~ name].checksum.checksum) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(local_md5(settings | join(' '))) }}
{%- endmacro %}

{#-
    The table of an earlier build, NULL before the first one or with --full-refresh. By name, because these two models come after their
    readers in the graph: what they hold now is what the last build left, and a ref() would be a cycle.
-#}
{% macro earlier_build(model_name) -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {{ return(adapter.get_relation(database=this.database, schema=this.schema, identifier=model_name)) }}
    {%- endif -%}
{%- endmacro %}

{#- Every group as the last finished build recorded it, as a query to select from. -#}
{% macro built_event_groups() -%}
    {%- set relation = earlier_build('int_event_groups__built') -%}
    (select
        {%- if relation %}
        event_group,
        build_id,
        built_with,
        built_at,
        waits_until,
        counted_date,
        built_from
    from {{ relation }}
        {%- else %}
        cast(null as varchar) as event_group,
        cast(null as varchar) as build_id,
        cast(null as varchar) as built_with,
        cast(null as timestamptz) as built_at,
        cast(null as timestamptz) as waits_until,
        cast(null as date) as counted_date,
        cast(null as struct(received_date varchar, checksum varchar)[]) as built_from
    where false
        {%- endif %})
{%- endmacro %}

{#- Every group of the last build that got as far as summing its events up, finished or not; a query likewise. -#}
{% macro last_rebuilt_event_groups() -%}
    {%- set relation = earlier_build('int_event_groups__rebuilt') -%}
    (select
        {%- if relation %}
        event_group,
        build_id,
        affected_dates
    from {{ relation }}
        {%- else %}
        cast(null as varchar) as event_group,
        cast(null as varchar) as build_id,
        cast(null as date[]) as affected_dates
    where false
        {%- endif %})
{%- endmacro %}

{#- Deletes from an incremental table what the rows about to be inserted replace: the keys a query over the rebuilt groups returns. -#}
{% macro forget(key, rebuilt_keys) -%}
    {%- if is_incremental() -%}
    delete from {{ this }} where {{ key }} in ({{ rebuilt_keys }})
    {%- endif -%}
{%- endmacro %}

{#-
    CTEs: the deliveries of the partitions in the CTE `places` (received_date), and as `judged` those of the groups in the CTE of_groups
    (event_group), each with its verdict: counted, duplicate or waiting.
-#}
{% macro judged_deliveries(of_groups) -%}
deliveries as (
    select
        *,
        {{ event_group() }} as event_group
    from {{ source('raw_app', 'events') }}
    where
        received_date in (select received_date from places)
        and {{ stands() }}
),

repeated_ids as (
    select id
    from deliveries
    group by id
    having count(*) > 1
),

-- Few ids come more than once; only those are worth sorting.
repeated_deliveries as (
    select
        *,
        {{ delivery_number() }} as delivery_number
    from deliveries
    where id in (select id from repeated_ids)
),

numbered as (
    select * from repeated_deliveries
    union all
    select
        *,
        1 as delivery_number
    from deliveries
    where id not in (select id from repeated_ids)
),

-- By the first that holds; deliveries after the run's instant are the latest of their id.
judged as (
    select
        *,
        id as event_id,
        case
            when received_at >= {{ run_instant() }} then 'waiting'
            when delivery_number > 1 or {{ counted_in_a_fold() }} then 'duplicate'
            when occurred_at >= {{ as_of_end() }} then 'waiting'
            else 'counted'
        end as verdict
    from numbered
    where event_group in (select event_group from {{ of_groups }})
)
{%- endmacro %}
