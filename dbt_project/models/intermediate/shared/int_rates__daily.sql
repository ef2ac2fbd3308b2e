with

rates as (
    select * from {{ ref('stg_rates__ecb') }}
),

-- A published rate holds until the day before the next one: weekends and holidays take the last earlier rate.
periods as (
    select
        currency,
        rate,
        rate_date as valid_from,
        coalesce(
            {{ add_days('lead(rate_date) over (partition by currency order by rate_date)', -1) }},
            {{ as_of_date() }}
        ) as valid_to
    from rates
    where currency <> 'EUR'
),

daily as (
    select
        {{ each_day('valid_from', 'valid_to') }} as rate_date,
        currency,
        rate
    from periods
),

-- The ECB quotes per EUR, so EUR itself is 1 on every day the euro has existed.
euro as (
    select
        {{ each_day("cast('1999-01-01' as date)", as_of_date()) }} as rate_date,
        'EUR' as currency,
        cast(1 as decimal(18, 8)) as rate
),

every_currency as (
    select * from daily
    union all
    select * from euro
),

with_reporting_rate as (
    select
        every_currency.rate_date,
        every_currency.currency,
        every_currency.rate,
        reporting.rate as reporting_rate
    from every_currency
    left join every_currency as reporting
        on
            every_currency.rate_date = reporting.rate_date
            and reporting.currency = '{{ var("reporting_currency") }}'
)

select * from with_reporting_rate
