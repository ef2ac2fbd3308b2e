"""What a folder of rate files promises: the ECB's layout in, one row a day and currency out.

Belongs here: the table as data. Does not: the reading of a row (extract).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pyarrow as pa

from ingestion.contract import TableContract
from ingestion.delimited import Header
from ingestion.freshness import Freshness

SOURCE = "rates"

# Days outside of these are slips of the hand: the euro's first day, and one nobody has to know rates of.
FIRST_DAY = date(1999, 1, 1)
LAST_DAY = date(2099, 12, 31)
# The old Turkish lira stood near 2,000,000 for one euro, the Kuwaiti dinar stands near a third of one.
LEAST_RATE = Decimal("0.0001")
GREATEST_RATE = Decimal(100_000_000)

ECB = TableContract(
    source=SOURCE,
    name="ecb",
    partition_key="file",
    schema=pa.schema(
        [("rate_date", pa.date32()), ("currency", pa.string()), ("rate", pa.string()), ("source_file", pa.string())]
    ),
    key_columns=("rate_date", "currency", "source_file"),
    window="every file of the folder whose bytes are new",
)
ECB_HEADER = Header(required=("date",), data_named=re.compile("[a-z]{3}"))
# Published each weekday but for the closing days of the euro's payment system; the most in a row are two, at Easter.
ECB_FRESHNESS = Freshness("rate_date", weekdays=3)
