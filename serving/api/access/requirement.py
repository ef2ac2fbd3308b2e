"""`requires(scope)`: the one way a route asks for authentication, and the one place where its absence can be seen.

Belongs here: the dependency a route declares. Does not: the decision (gate).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.api.access.gate import Gate
from serving.api.access.principal import Principal
from serving.roles import SCOPES

# For the OpenAPI document only: it tells clients where the credential goes. What is presented is read by the gate.
_BEARER = HTTPBearer(
    scheme_name="bearer",
    description="An API key (`nvx_…`, made by `netvexa keys create`) or an OIDC token, in `Authorization: Bearer …`.",
    auto_error=False,
)


@dataclass(frozen=True)
class Requirement:
    """A dependency that lets a request through for callers who hold `scope`."""

    scope: str

    async def __call__(
        self, request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Principal:
        """The caller.

        Raises HTTPException 401 for whoever is not known, 403 without the scope, 429 for too many requests.
        """
        gate: Gate = request.app.state.gate
        return await gate.admit(request, self.scope)


def requires(scope: str) -> Requirement:
    """The dependency of a route that needs `scope`: product, acquisition, finance or catalog.

    Raises ValueError for a scope that roles.yml cannot grant: the route would be closed to everybody.
    """
    if scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}; there are {', '.join(SCOPES)}")
    return Requirement(scope)
