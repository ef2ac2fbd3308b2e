"""What the app's tables look like against what is read of them: a missing or retyped column stops the run by name.

Belongs here: comparing a database's shape with the contract. Does not: asking a database for it (postgres, embedded),
or what its rows hold (screen).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingestion.retry import PermanentSourceError
from ingestion.sources.app.contract import COLUMNS_LEFT, COLUMNS_READ, SOURCE

_AGREE = "agree on it with the app's team, then change ingestion/sources/app/contract.py"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the database has it; `type` by PostgreSQL's name, without length, `enum` for any enumeration."""

    table: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The types of the columns that are read, by table, and what a person should be told about the others."""

    types: Mapping[str, Mapping[str, str]]
    warnings: tuple[str, ...]


def check_shape(columns: Iterable[Column]) -> Shape:
    """Compare what the database has with what is read of it.

    Raises PermanentSourceError naming every table and column that is missing or has another type.
    """
    found: dict[str, dict[str, str]] = {table: {} for table in COLUMNS_READ}
    for column in columns:
        found[column.table][column.name] = column.type
    wrong = [fault for table, expected in COLUMNS_READ.items() for fault in _faults(table, expected, found[table])]
    if wrong:
        message = f"{SOURCE}: {'; '.join(wrong)}; nothing was read: {_AGREE}"
        raise PermanentSourceError(message)
    unknown = [
        f"{table}.{name}"
        for table, types in found.items()
        for name in types
        if name not in COLUMNS_READ[table] and name not in COLUMNS_LEFT[table]
    ]
    warnings = [f"{SOURCE}: no list names {', '.join(unknown)}: nothing of it lands; {_AGREE}"] if unknown else []
    read = {table: {name: found[table][name] for name in expected} for table, expected in COLUMNS_READ.items()}
    return Shape(read, tuple(warnings))


def _faults(table: str, expected: Mapping[str, tuple[str, ...]], found: Mapping[str, str]) -> list[str]:
    if not found:
        return [f"table {table} is missing"]
    return [
        f"column {table}.{name} is missing"
        if name not in found
        else f"column {table}.{name} is {found[name]}, not {' or '.join(types)}"
        for name, types in expected.items()
        if found.get(name) not in types
    ]
