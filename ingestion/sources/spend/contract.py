"""What a folder of spend files promises: three kinds of file, their headers, and the columns that land.

Belongs here: the tables as data. Does not: the reading of a row (extract).
"""

from __future__ import annotations

import pyarrow as pa

from ingestion.contract import TableContract

SOURCE = "spend"

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
GOOGLE_ADS_HEADER = (
    "segments.date",
    "customer.id",
    "customer.currency_code",
    "campaign.id",
    "metrics.cost_micros",
    "metrics.clicks",
    "metrics.impressions",
    "metrics.conversions",
)

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
# `date_to` is optional; `description` stays at home.
COSTS_HEADER = ("date", "channel", "vendor", "amount", "currency")

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
WORDPRESS_PLUGIN_HEADER = ("date", "slug", "active_installs", "downloads")
