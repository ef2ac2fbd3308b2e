"""A warehouse file without what was deleted from it.

Belongs here: copying the file. Does not: building it, or deciding what is in it. DuckDB keeps deleted rows in the
file's free blocks, and a group of events that nothing is left of keeps its conversation's id in the record (ADR 9):
events that have left the lake would stay in the warehouse by that.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from serving.quoting import identifier, literal

_RECORD = "int_event_groups__built"
_EMPTY = "event_count = 0 and waiting_count = 0 and duplicate_count = 0"
# What of these tables, all of the schema `intermediate`, is not copied.
_LEFT_OUT = {
    _RECORD: _EMPTY,
    "int_event_groups__rebuilt": _EMPTY,
    "int_event_groups__to_rebuild": f"event_group not in (select event_group from old.intermediate.{_RECORD}"
    f" where not ({_EMPTY}))",
}


def forget_empty_groups(warehouse: Path) -> bool:
    """Copy the file without the groups that have no events, if there are any; returns whether.

    The copy takes the file's place in one rename; until then nothing is deleted, so that after a kill the next call
    finds the same groups and copies again. Call it after a build that succeeded: then no reader of the record needs
    them any more.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(f"select count(*) from intermediate.{_RECORD} where {_EMPTY}").fetchone()
    if found is None or not found[0]:
        return False
    fresh = warehouse.with_name(f"{warehouse.name}.copy")
    # A log that a kill left would be replayed into the new file.
    for path in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(warehouse))} as old (read_only)")
        connection.execute(f"attach {literal(str(fresh))} as fresh")
        connection.execute("copy from database old to fresh (schema)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'old' order by all"
        ).fetchall()
        for schema, table in tables:
            left_out = _LEFT_OUT.get(table, "false") if schema == "intermediate" else "false"
            name = f"{identifier(schema)}.{identifier(table)}"
            connection.execute(f"insert into fresh.{name} from old.{name} where not ({left_out})")
    fresh.replace(warehouse)
    return True
