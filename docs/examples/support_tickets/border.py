"""What gate 1 expects of the tickets. Goes into `RAW_TABLES` of expectations/raw_tables.py."""

from __future__ import annotations

from expectations.raw_tables import DATE, INTEGER, TEXT, RawTable

TICKETS = RawTable(
    asset=("raw_support", "tickets"),
    rhythm="file",
    columns={
        **dict.fromkeys(("ticket_id", "account_id"), TEXT),
        **dict.fromkeys(("opened_date", "closed_date"), DATE),
        "priority": TEXT,
        "satisfaction": INTEGER,
        "source_file": TEXT,
    },
    named_by=("ticket_id",),
)
