"""Reading support tickets, a row at a time.

Belongs here: what makes a ticket readable, and which of its values land. Does not: which files are due (files), text
format (delimited), how a cell is written (cells).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.examples.support_tickets.contract import (
    PRIORITIES,
    SATISFACTION,
    SOURCE,
    TICKETS,
    TICKETS_FRESHNESS,
    TICKETS_HEADER,
)
from ingestion.cells import parse_count, parse_date
from ingestion.delimited import DelimitedFile, Row
from ingestion.files import FileTable, FolderSource, Landed, Rejected

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_ticket(file: DelimitedFile, row: Row) -> Iterator[Landed | Rejected]:
    """One ticket: id, account and day of opening must be readable; what else is not lands as NULL and is counted."""
    values = row.values
    ticket = values["ticket_id"] if _ID.fullmatch(values["ticket_id"]) else None
    opened, closed = parse_date(values["opened_on"]), parse_date(values["closed_on"])
    if ticket is None:
        yield Rejected("ticket_id is unreadable")
    elif not _ID.fullmatch(values["account_id"]):
        yield Rejected("account_id is unreadable", key=ticket)
    elif opened is None:
        yield Rejected("opened_on is unreadable", key=ticket)
    elif closed is not None and closed < opened:
        yield Rejected("closed_on is before opened_on", key=ticket)
    else:
        score = parse_count(values.get("satisfaction", ""), file.decimal_sign)
        priority = values["priority"].lower()
        checked = {
            "closed_date": (values["closed_on"], closed),
            "priority": (priority, priority if priority in PRIORITIES else None),
            "satisfaction": (values.get("satisfaction"), score if score in SATISFACTION else None),
        }
        yield Landed(
            {
                "ticket_id": ticket,
                "account_id": values["account_id"],
                "opened_date": opened,
                **{column: value for column, (_, value) in checked.items()},
            },
            nulled=tuple(column for column, (written, value) in checked.items() if written and value is None),
        )


class SupportSource(FolderSource):
    """A folder of `tickets_*.csv`."""

    name = SOURCE
    setting = "NETVEXA_SUPPORT_DIR"
    kinds = (FileTable(TICKETS, "tickets_", TICKETS_HEADER, read_ticket, TICKETS_FRESHNESS),)
