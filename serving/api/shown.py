"""What of a mart's rows a caller is shown: the columns the role may see, and whether their values are suppressed.

Belongs here: choosing columns by visibility. Does not: the visibility itself, or suppressing values (access).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from serving.api.access.visibility import Visibility

SUPPRESSED = "is_suppressed"


def show(rows: pa.Table, model: str, columns: Iterable[str], visibility: Visibility) -> pa.Table:
    """Those of `columns` that the rows have and the caller may see, in that order, and `is_suppressed`, if there."""
    names = [name for name in columns if name in rows.column_names and not visibility.hides(model, name)]
    return rows.select([*names, *(name for name in rows.column_names if name == SUPPRESSED)])


def definitions_of(model: str, rows: pa.Table) -> list[str]:
    """The ids of the definitions of these rows' columns."""
    return [f"{model}.{name}" for name in rows.column_names if name != SUPPRESSED]
