with

lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

tiers as (
    select * from {{ ref('stg_stripe__price_tiers') }}
),

first_versions as (
    select *
    from {{ ref('int_subscriptions__versioned') }}
    where version_number = 1
),

held_items as (
    select
        subscription_id,
        unnest(list_transform(items, lambda item : item.item_id)) as item_id
    from first_versions
    where status not in ('canceled', 'unpaid')
),

recurring_lines as (
    select
        lines.*,
        invoices.finalized_at,
        invoices.discount_ids as invoice_discount_ids,
        prices.billing_scheme,
        -- The fixed fee of a tier is a line of its own, and no quantity; units that cost as much as the fee are units.
        exists (
            select 1
            from tiers
            where
                tiers.price_id = lines.price_id
                and tiers.flat_amount_minor <> 0
                and tiers.flat_amount_minor = lines.amount_minor
        )
        and not exists (
            select 1
            from tiers
            where
                tiers.price_id = lines.price_id
                and lines.quantity * tiers.unit_amount_minor = lines.amount_minor
        ) as is_flat_fee
    from lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
    inner join prices
        on lines.price_id = prices.price_id
    where
        {{ bills_a_licensed_item() }}
),

-- The credit beside a debit names the item that a debit of a deleted item no longer does.
credited_items as (
    select
        invoice_id,
        subscription_id,
        period_start_at,
        min(subscription_item_id) as subscription_item_id
    from recurring_lines
    where
        is_proration
        and amount_minor < 0
    group by
        invoice_id,
        subscription_id,
        period_start_at
),

-- Several lines of one tiered price are one item: what the item was, in this service period.
statements as (
    select
        recurring_lines.subscription_id,
        coalesce(
            recurring_lines.subscription_item_id,
            case when recurring_lines.is_proration then credited_items.subscription_item_id end,
            'line:' || min(recurring_lines.invoice_line_id)
        ) as item_id,
        recurring_lines.price_id,
        recurring_lines.period_start_at,
        recurring_lines.period_end_at,
        recurring_lines.invoice_id,
        recurring_lines.finalized_at,
        recurring_lines.is_proration,
        coalesce(
            sum(recurring_lines.quantity) filter (where not recurring_lines.is_flat_fee),
            max(recurring_lines.quantity)
        ) as quantity,
        sum(recurring_lines.amount_minor) as amount_minor,
        min(recurring_lines.invoice_line_id) as statement_id,
        list_filter(
            min_by(recurring_lines.discount_ids, recurring_lines.invoice_line_id),
            lambda discount_id : not list_contains(any_value(recurring_lines.invoice_discount_ids), discount_id)
        ) as item_discount_ids,
        any_value(recurring_lines.invoice_discount_ids) as subscription_discount_ids
    from recurring_lines
    left join credited_items
        on
            recurring_lines.invoice_id = credited_items.invoice_id
            and recurring_lines.subscription_id = credited_items.subscription_id
            and recurring_lines.period_start_at = credited_items.period_start_at
    -- A tier may be free: of its lines only the credits, which name what they take back, are left out.
    where
        not recurring_lines.is_proration
        or (recurring_lines.amount_minor >= 0 and len(recurring_lines.credited_line_ids) = 0)
    group by
        recurring_lines.subscription_id,
        recurring_lines.subscription_item_id,
        credited_items.subscription_item_id,
        case
            when recurring_lines.subscription_item_id is null and recurring_lines.billing_scheme <> 'tiered'
                then recurring_lines.invoice_line_id
        end,
        recurring_lines.price_id,
        recurring_lines.period_start_at,
        recurring_lines.period_end_at,
        recurring_lines.invoice_id,
        recurring_lines.finalized_at,
        recurring_lines.is_proration
    having
        not recurring_lines.is_proration
        or sum(recurring_lines.amount_minor) > 0
),

-- A later statement of an item takes over from the instant it speaks of.
superseded as (
    select
        *,
        lead(period_start_at) over item_statements as next_statement_at
    from statements
    window
        item_statements as (
            partition by subscription_id, item_id
            order by period_start_at asc, finalized_at asc, is_proration asc, statement_id asc
        )
),

bounded as (
    select
        superseded.*,
        first_versions.valid_from as first_version_at,
        first_versions.ended_at,
        case
            when first_versions.is_cancel_scheduled or first_versions.ended_at > first_versions.canceled_at
                then first_versions.canceled_at
        end as uncommitted_from,
        -- Later lines tell what the versions tell already.
        held_items.item_id is not null
        and coalesce(superseded.next_statement_at >= first_versions.valid_from, true) as reaches_first_version,
        superseded.amount_minor <> 0
        and not coalesce(
            superseded.period_start_at >= first_versions.trial_started_at
            and superseded.period_end_at <= first_versions.trial_ends_at,
            false
        ) as is_counted
    from superseded
    inner join first_versions
        on superseded.subscription_id = first_versions.subscription_id
    left join held_items
        on
            superseded.subscription_id = held_items.subscription_id
            and superseded.item_id = held_items.item_id
    where first_versions.status not in ('incomplete', 'incomplete_expired')
),

clipped as (
    select
        *,
        period_start_at as valid_from,
        least(
            case
                when reaches_first_version then first_version_at
                else least(period_end_at, next_statement_at)
            end,
            first_version_at,
            ended_at
        ) as valid_to
    from bounded
)

select
    subscription_id,
    item_id,
    valid_from,
    valid_to,
    price_id,
    quantity,
    is_counted,
    uncommitted_from,
    false as is_inferred,
    item_discount_ids,
    subscription_discount_ids
from clipped
where valid_from < valid_to
