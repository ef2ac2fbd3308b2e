"""What a folder of rate files promises: the ECB's layout in, one row a day and currency out.

Belongs here: the table as data. Does not: the reading of a row (extract).
"""

from __future__ import annotations

import pyarrow as pa

from ingestion.contract import TableContract

SOURCE = "rates"

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
ECB_HEADER = ("date",)
