"""Who an asset is: one uuid for each file, the same in every Superset, and the mark of what this repository owns.

Belongs here: names into identities. Does not: reading files (assets), talking to Superset (client).
"""

from __future__ import annotations

from uuid import UUID, uuid5

# Fixed for ever: a dashboard keeps its address and its bookmarks because its uuid never changes.
_NAMESPACE = UUID("3c9d5f0e-6f5b-5d7c-9f7e-2f6b8f1a4d21")

# Superset shows it as a badge; push removes only what carries it.
OWNER = "NETVEXA warehouse"

DATABASE_NAME = "NETVEXA"


def asset_uuid(kind: str, name: str) -> str:
    """The uuid of an asset; `kind` is `database`, `dataset`, `chart` or `dashboard`."""
    return str(uuid5(_NAMESPACE, f"{kind}/{name}"))
