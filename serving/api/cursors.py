"""Cursors: where a page ended, in a form that a client keeps and hands back unread.

Belongs here: writing and reading them. Does not: the SQL that goes on from there (tables). A cursor opens nothing: it
says after which key to go on in a list that the client may read anyway, so it needs no signature.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

MAX_LENGTH = 2048


@dataclass(frozen=True)
class Cursor:
    """version: the one that the list began on, by id. list: a fingerprint of what is listed. after: the last key."""

    version: str
    list: str
    after: tuple[str | None, ...]


def encode(cursor: Cursor) -> str:
    """The cursor as text that needs no escaping in a URL."""
    text = json.dumps([cursor.version, cursor.list, *cursor.after], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """Read what `encode` wrote. Raises ValueError for anything else."""
    if len(text) > MAX_LENGTH:
        raise ValueError("longer than any cursor")
    try:
        document = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise ValueError("no cursor") from error
    match document:
        case [str(version), str(list_), *after] if _are_values(after):
            return Cursor(version, list_, tuple(after))
    raise ValueError("no cursor")


def _are_values(values: Sequence[object]) -> bool:
    # A lone surrogate is valid JSON and no text that a database could compare.
    return all(
        value is None or (isinstance(value, str) and value == value.encode(errors="replace").decode())
        for value in values
    )
