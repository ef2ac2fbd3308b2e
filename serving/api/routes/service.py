"""Routes about the service itself: whether it lives, whether it can answer, and who is asking.

Belongs here: what monitoring asks. Health and readiness need no credentials and tell no number.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from serving.api.access import Principal, requires
from serving.api.answers import RETRY_SECONDS, acquire
from serving.api.parameters import NoParameters
from serving.api.problems import Problem, declared
from serving.api.rows import Health, Ping, Ready

router = APIRouter(tags=["service"])


@router.get("/health", operation_id="health", responses=declared(422))
async def health(_: Annotated[NoParameters, Query()]) -> Health:
    """Whether the process answers. Restart it where it does not."""
    return Health(status="ok")


@router.get("/ready", operation_id="ready", responses=declared(422, 503))
async def ready(request: Request, _: Annotated[NoParameters, Query()]) -> Ready:
    """Whether a version can be read, callers be told apart, and requests be written down. Send none where not."""
    state = request.app.state
    if state.gate.problem() is not None:
        # What exactly stands in the log: it names files, and this answers everybody.
        raise Problem(
            503, "the keys cannot be read, or the audit log cannot be written", {"Retry-After": RETRY_SECONDS}
        )
    version = await acquire(state.engine)
    try:
        return Ready(status="ok", version=version.id)
    finally:
        state.engine.release(version)


@router.get("/api/metrics/ping", operation_id="ping", responses=declared(401, 403, 422, 429))
async def ping(
    principal: Annotated[Principal, Depends(requires("catalog"))], _: Annotated[NoParameters, Query()]
) -> Ping:
    """Who is asking, by the credentials alone. No version is looked at."""
    return Ping(role=principal.role, scopes=sorted(principal.scopes))
