"""What a folder of spend files promises: three kinds of file, their headers, and the columns that land.

Belongs here: the tables as data. Does not: the reading of a row (extract).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa

from ingestion.contract import TableContract
from ingestion.delimited import Header
from ingestion.freshness import Freshness

SOURCE = "spend"

# Beyond these a cell is a slip of the hand. The days are absolute, so that a file gives the same rows whenever it is
# read; days that are still to come wait in the warehouse.
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)
LONGEST_PERIOD_DAYS = 3_660  # ten years, prepaid
LARGEST_AMOUNT = Decimal(1_000_000_000)  # of any currency, in one row: 35,000 EUR in the smallest currency we know
LARGEST_VOLUME = 10**12  # clicks, impressions, conversions, downloads of one row

# A quarter year of warnings is enough: a campaign or channel that was given up has no newer rows.
_GIVEN_UP = 65

_WINDOW = "every file of the folder whose bytes are new"

GOOGLE_ADS = TableContract(
    source=SOURCE,
    name="google_ads",
    partition_key="file",
    schema=pa.schema(
        [
            ("spend_date", pa.date32()),
            ("customer_id", pa.string()),
            ("currency", pa.string()),
            ("campaign_id", pa.string()),
            ("cost_micros", pa.int64()),
            ("clicks", pa.int64()),
            ("impressions", pa.int64()),
            ("conversions", pa.string()),
            ("source_file", pa.string()),
            ("row_number", pa.int64()),
        ]
    ),
    key_columns=("spend_date", "customer_id", "campaign_id", "source_file", "row_number"),
    window=_WINDOW,
)
GOOGLE_ADS_HEADER = Header(
    required=(
        "segments.date",
        "customer.id",
        "customer.currency_code",
        "campaign.id",
        "metrics.cost_micros",
        "metrics.clicks",
        "metrics.impressions",
        "metrics.conversions",
    ),
    left_out=("campaign.name",),
)
# Exported daily; Easter and Christmas take two weekdays, and a person who exports by hand another.
GOOGLE_ADS_FRESHNESS = Freshness("spend_date", weekdays=3, ended_after=_GIVEN_UP)

COSTS = TableContract(
    source=SOURCE,
    name="costs",
    partition_key="file",
    schema=pa.schema(
        [
            ("cost_date", pa.date32()),
            ("date_to", pa.date32()),
            ("channel", pa.string()),
            ("vendor", pa.string()),
            ("amount", pa.string()),
            ("currency", pa.string()),
            ("source_file", pa.string()),
            ("row_number", pa.int64()),
        ]
    ),
    key_columns=("source_file", "row_number"),
    window=_WINDOW,
)
COSTS_HEADER = Header(
    required=("date", "channel", "vendor", "amount", "currency"), optional=("date_to",), left_out=("description",)
)
# Bills come once a month, and a fortnight late.
COSTS_FRESHNESS = Freshness("cost_date", weekdays=32, ended_after=_GIVEN_UP)

WORDPRESS_PLUGIN = TableContract(
    source=SOURCE,
    name="wordpress_plugin",
    partition_key="file",
    schema=pa.schema(
        [
            ("stat_date", pa.date32()),
            ("slug", pa.string()),
            ("active_installs", pa.int64()),
            ("downloads", pa.int64()),
            ("source_file", pa.string()),
            ("row_number", pa.int64()),
        ]
    ),
    key_columns=("source_file", "row_number"),
    window=_WINDOW,
)
WORDPRESS_PLUGIN_HEADER = Header(required=("date", "slug", "active_installs", "downloads"))
# Looked up weekly at least.
WORDPRESS_PLUGIN_FRESHNESS = Freshness("stat_date", weekdays=10, ended_after=_GIVEN_UP)
