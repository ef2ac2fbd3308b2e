"""What to do about rows that are set aside: the command that fetches them again after a fix.

Belongs here: from a partition to the command line a person types. Does not: which rows are set aside (ingestion).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.quarantine import SetAside, SetAsideRow


def fetch_again(found: SetAside | SetAsideRow) -> str:
    """The command that reads the row's partition again. Snapshots of the app are read whole by any night."""
    if found.partition_key == "received_date":
        return f"netvexa backfill --source app --from {found.partition_value} --to {found.partition_value}"
    return "netvexa nightly" if found.source == "app" else f"netvexa backfill --source {found.source}"


def commands_to_fetch_again(found: Iterable[SetAside | SetAsideRow]) -> list[str]:
    """Each command once; all days of events by one, for a command is a whole run, and reading a day again is cheap."""
    days: list[str] = []
    commands: dict[str, None] = {}
    for one in found:
        if one.partition_key == "received_date":
            days.append(one.partition_value)
        else:
            commands[fetch_again(one)] = None
    ranges = [f"netvexa backfill --source app --from {min(days)} --to {max(days)}"] if days else []
    return [*ranges, *commands]
