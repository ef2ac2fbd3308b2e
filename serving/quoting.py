"""Names and texts written into SQL, where they cannot be bound.

Belongs here: quoting. Does not: any statement.
"""

from __future__ import annotations


def identifier(name: str) -> str:
    """The name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text, quoted."""
    return "'" + text.replace("'", "''") + "'"
