with

source as (
    select *
    from {{ source('raw_spend', 'wordpress_plugin') }}
    where stat_date <= {{ as_of_date() }}
),

-- The directory restates its counts: the file with the greatest name is the newest word on a day.
newest as (
    select *
    from source
    qualify row_number() over (partition by stat_date, slug order by source_file desc, row_number desc) = 1
)

select
    stat_date,
    slug,
    active_installs as active_install_count,
    downloads as download_count
from newest
