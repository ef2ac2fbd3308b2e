-- METRICS 3: no comparison is left out of the report, none is called better than its rows are.
{{ config(meta={"dagster": {"ref": {"name": "integrity_report"}}}) }}

with

report as (
    select * from {{ ref('integrity_report') }}
),

comparisons as (
    {%- for part in [
        'mrr_ledger', 'mrr_months', 'mrr_totals', 'invoices', 'revenue_lines', 'landed_rows', 'product_parts', 'revenue_parts',
        'acquisition_parts', 'spend', 'mrr_invoiced', 'first_payments'
    ] %}
    select * from {{ ref('int_integrity__' ~ part) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

judged as (
    select
        *,
        coalesce(left_value = right_value, left_value is null and right_value is null) as is_equal
    from comparisons
),

reckoned as (
    select
        name,
        subject,
        any_value(identity) as identity,
        any_value(compared) as compared,
        cast(coalesce(sum(left_value), 0) as decimal(18, 4)) as left_value,
        cast(coalesce(sum(right_value), 0) as decimal(18, 4)) as right_value,
        cast(coalesce(sum(left_value), 0) - coalesce(sum(right_value), 0) as decimal(18, 4)) as difference,
        count(*) as row_count,
        count(*) - count(*) filter (where is_equal) as differing_row_count,
        min(compared_row) filter (where not is_equal) as first_differing_row,
        case when bool_or(is_published) then 'published' when bool_and(is_equal) then 'holds' else 'differs' end as verdict
    from judged
    group by name, subject
)

select *
from report
full outer join reckoned
    on report.name = reckoned.name and report.subject = reckoned.subject
where {{ differs(
    'report', 'reckoned', 'name',
    [
        'identity', 'compared', 'left_value', 'right_value', 'difference', 'row_count', 'differing_row_count', 'first_differing_row',
        'verdict'
    ]
) }}
