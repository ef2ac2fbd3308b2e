with

comparisons as (
    select * from {{ ref('int_integrity__mrr_ledger') }}
    union all
    select * from {{ ref('int_integrity__mrr_months') }}
    union all
    select * from {{ ref('int_integrity__mrr_totals') }}
    union all
    select * from {{ ref('int_integrity__invoices') }}
    union all
    select * from {{ ref('int_integrity__revenue_lines') }}
    union all
    select * from {{ ref('int_integrity__landed_rows') }}
    union all
    select * from {{ ref('int_integrity__product_parts') }}
    union all
    select * from {{ ref('int_integrity__revenue_parts') }}
    union all
    select * from {{ ref('int_integrity__acquisition_parts') }}
    union all
    select * from {{ ref('int_integrity__spend') }}
    union all
    select * from {{ ref('int_integrity__mrr_invoiced') }}
    union all
    select * from {{ ref('int_integrity__first_payments') }}
),

-- Judged row by row, so that two differences never cancel out; an unknown side differs from a known one.
judged as (
    select
        *,
        (left_value is distinct from right_value) as is_different
    from comparisons
),

reported as (
    select
        identity,
        name,
        compared,
        subject,
        is_published,
        coalesce(sum(left_value), 0) as left_value,
        coalesce(sum(right_value), 0) as right_value,
        count(*) as row_count,
        count(case when is_different then 1 end) as differing_row_count,
        min(case when is_different then compared_row end) as first_differing_row
    from judged
    group by
        identity,
        name,
        compared,
        subject,
        is_published
)

select
    identity,
    name,
    subject,
    compared,
    cast(left_value as decimal(18, 4)) as left_value,
    cast(right_value as decimal(18, 4)) as right_value,
    cast(left_value - right_value as decimal(18, 4)) as difference,
    case
        when is_published then 'published'
        when differing_row_count > 0 then 'differs'
        else 'holds'
    end as verdict,
    row_count,
    differing_row_count,
    first_differing_row
from reported
