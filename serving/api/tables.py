"""Pages of a mart: some of its rows in the order of a key, and where the next page begins.

Belongs here: SQL over one table or subquery, by key. Does not: which columns a role may see (shown), encodings. Names
in the SQL come out of the version's own manifest and from this package; what a client sends is bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from serving.api.encoding import json_value
from serving.api.engine import Reader
from serving.api.problems import MEANINGS, Problem
from serving.quoting import identifier


@dataclass
class Conditions:
    """What rows must satisfy: SQL with question marks, and the values bound to them."""

    sql: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def require(self, sql: str, *values: object) -> None:
        """One condition more."""
        self.sql.append(f"({sql})")
        self.values.extend(values)

    def where(self) -> str:
        """The clause; always true without conditions."""
        return " and ".join(self.sql) or "true"


@dataclass(frozen=True)
class PageOfRows:
    """rows: at most as many as the limit. last_key: of the last row where more follow, else None."""

    rows: pa.Table
    last_key: tuple[str | None, ...] | None


def read_page(  # noqa: PLR0913 - a page is all of these, by name
    reader: Reader,
    relation: str,
    *,
    key: Mapping[str, str],
    conditions: Conditions,
    limit: int,
    after: Sequence[str | None] | None,
) -> PageOfRows:
    """One page of a relation (a table or a parenthesised query), in the order of its key, NULL last.

    key: DuckDB type by column, together unique. after: the last key of the page before, as text.
    Raises Problem 410 when `after` is no key of this relation.
    """
    where = Conditions(list(conditions.sql), list(conditions.values))
    if after is not None:
        _require_after(where, key, after)
    order = ", ".join(f"{identifier(column)} nulls last" for column in key)
    sql = f"select * from {relation} as paged where {where.where()} order by {order} limit {limit + 1}"
    try:
        rows = reader.table(sql, where.values)
    except duckdb.ConversionException as error:
        raise Problem(410, MEANINGS[410]) from error
    if rows.num_rows <= limit:
        return PageOfRows(rows, None)
    rows = rows.slice(0, limit)
    last = rows.slice(limit - 1).select(list(key)).to_pylist()[0]
    return PageOfRows(rows, tuple(None if value is None else str(json_value(value)) for value in last.values()))


def _require_after(where: Conditions, key: Mapping[str, str], after: Sequence[str | None]) -> None:
    """Only rows beyond that key: greater in one column, and equal in all before it. NULL is greater than any value."""
    if len(after) != len(key):
        raise Problem(410, MEANINGS[410])
    alternatives, values = [], []
    equal: list[str] = []
    equal_values: list[object] = []
    for (column, type_), value in zip(key.items(), after, strict=True):
        name = identifier(column)
        bound = f"cast(? as {type_})"
        if value is not None:
            alternatives.append(" and ".join([*equal, f"({name} > {bound} or {name} is null)"]))
            values += [*equal_values, value]
        equal.append(f"{name} is not distinct from {bound}")
        equal_values.append(value)
    where.require(" or ".join(f"({alternative})" for alternative in alternatives) or "false", *values)
