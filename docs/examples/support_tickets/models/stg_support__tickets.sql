with

source as (
    select *
    from {{ source('raw_support', 'tickets') }}
    where opened_date <= {{ as_of_date() }}
),

-- A ticket stands in every export until it is closed: the file with the greatest name is the newest word on it.
newest as (
    select *
    from source
    qualify row_number() over (partition by ticket_id order by source_file desc) = 1
)

select
    ticket_id,
    account_id,
    opened_date,
    closed_date,
    priority,
    satisfaction
from newest
