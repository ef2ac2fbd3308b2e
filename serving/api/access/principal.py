"""Who asks: the identity that every decision about an answer is made for.

Belongs here: the identity as the rest of the API sees it. Does not: how it is proven (keys, oidc), what it may see
(visibility).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Principal:
    """An authenticated caller.

    name: `key:<key id>` or `oidc:<keyed hash of the subject>`, never a person's name; it stands in the audit log.
    role: a role of roles.yml. scopes: the role's, or fewer where the key was made narrower.
    """

    name: str
    role: str
    scopes: frozenset[str]
