"""What a folder of support tickets promises: one kind of file, its header, and the columns that land.

Belongs here: the table as data. Does not: the reading of a row (extract).
"""

from __future__ import annotations

import pyarrow as pa

from ingestion.contract import TableContract
from ingestion.delimited import Header
from ingestion.freshness import Freshness

SOURCE = "support"

TICKETS = TableContract(
    source=SOURCE,
    name="tickets",
    partition_key="file",
    schema=pa.schema(
        [
            ("ticket_id", pa.string()),
            ("account_id", pa.string()),
            ("opened_date", pa.date32()),
            ("closed_date", pa.date32()),
            ("priority", pa.string()),
            ("satisfaction", pa.int64()),
            ("source_file", pa.string()),
        ]
    ),
    # No row number: a file that names a ticket twice contradicts itself, and its second row is set aside.
    key_columns=("ticket_id", "source_file"),
    window="every file of the folder whose bytes are new",
)
TICKETS_HEADER = Header(
    required=("ticket_id", "account_id", "opened_on", "closed_on", "priority"),
    optional=("satisfaction",),
    # Who wrote, and what: known, and never read.
    left_out=("requester_email", "subject"),
)
# Exported weekly; a fortnight without a ticket is rather an export that stopped.
TICKETS_FRESHNESS = Freshness("opened_date", weekdays=10)

PRIORITIES = frozenset({"low", "normal", "high", "urgent"})
SATISFACTION = range(1, 6)
