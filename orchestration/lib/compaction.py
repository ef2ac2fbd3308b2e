"""A warehouse file without what was deleted from it.

Belongs here: copying the file. Does not: building it, or deciding what is in it. DuckDB keeps deleted rows in the
file's free blocks, and a group of events that nothing is left of keeps its conversation's id in the record (ADR 9):
events that have left the lake would stay in the warehouse by that.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

_RECORD = "intermediate.int_event_groups__built"
_REBUILT = "intermediate.int_event_groups__rebuilt"
_TO_REBUILD = "intermediate.int_event_groups__to_rebuild"
_EMPTY = "event_count = 0 and waiting_count = 0 and duplicate_count = 0"


def forget_empty_groups(warehouse: Path) -> bool:
    """Take groups without events out of the record, and copy the file if there were any; returns whether.

    The copy takes the file's place in one rename. Call it after a build that succeeded: then no reader of the record
    needs them any more.
    """
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("begin")
        deleted = connection.execute(f"delete from {_RECORD} where {_EMPTY}").fetchone()
        connection.execute(f"delete from {_REBUILT} where {_EMPTY}")
        connection.execute(f"delete from {_TO_REBUILD} where event_group not in (select event_group from {_RECORD})")
        connection.execute("commit")
    if deleted is None or not deleted[0]:
        return False
    fresh = warehouse.with_name(f"{warehouse.name}.copy")
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach {_literal(warehouse)} as old (read_only)")
        connection.execute(f"attach {_literal(fresh)} as fresh")
        connection.execute("copy from database old to fresh")
    fresh.replace(warehouse)
    return True


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
