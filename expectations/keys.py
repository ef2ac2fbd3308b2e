"""How the key of an offending row may be shown in a report, which is kept, logged and mailed.

Belongs here: the masking of keys. Does not belong here: which column is a key (raw_tables, mart_contract).
"""

from __future__ import annotations


def shown(column: str) -> str:
    """SQL for a key in an example: as it is if it is a plain word, else only its length, for it may be anything."""
    text = f"cast({column} as varchar)"
    return (
        f"case when {column} is null then 'NULL' when regexp_full_match({text}, '[A-Za-z0-9_.:/-]{{1,80}}') then {text}"
        f" else '(' || length({text}) || ' characters)' end"
    )
