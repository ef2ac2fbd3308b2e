"""The application: routes, errors, the engine that follows the published version, and the gate before it.

Belongs here: putting the parts together. Does not: what any of them does. Nothing happens at import; `create_app` makes
one application, which opens and closes its engine with its own life.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI

from serving.api import problems
from serving.api.access.gate import Gate
from serving.api.answers import acquire, admission
from serving.api.engine import Engine
from serving.api.head import HeadAsGet
from serving.api.problems import Problem, ProblemDetails
from serving.api.routes import marts, overview, service
from serving.api.settings import ApiSettings

# What answers without credentials. The document describes the API and holds no number.
PUBLIC = frozenset({"/health", "/ready", "/openapi.json"})
FOLLOW_SECONDS = 1.0
_log = logging.getLogger(__name__)

_DESCRIPTION = """\
The numbers of the published version, read-only.

Every answer names its `version` and the last day it knows (`as_of`), and the ids of the definitions its fields have in
the catalog. **Money, ratios and other decimals are text**, exact to the last digit, for a JSON number would become a
float in most readers; counts are numbers. Lists come in pages: repeat the request with `cursor` set to `next_cursor`,
and the pages are of one version even if another is published meanwhile. JSON, CSV and Arrow streams hold the same rows.
A field that the caller's role may not see is left out."""


class _MetricsApi(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The document, with the shape of our errors in place of the framework's own, which no answer has."""
        if self.openapi_schema is None:
            schemas = super().openapi()["components"]["schemas"]
            described = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(described.pop("$defs"))
            schemas[ProblemDetails.__name__] = described
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        return super().openapi()


def create_app(settings: ApiSettings, gate: Gate) -> FastAPI:
    """The application over `settings.published`, behind `gate`, which it closes when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = Engine(settings.published, settings.memory_limit, settings.threads)
        app.state.engine = engine
        app.state.at_once = admission()
        following = asyncio.create_task(_follow(engine))
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            engine.close()
            gate.close()

    app = _MetricsApi(
        title="NETVEXA metrics API",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        # The interactive pages would load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # On by default, it would send paths, and so ids of persons, to whatever the environment names.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.settings = settings
    app.state.small_cohort = gate.small_cohort
    for module in (marts, overview, service):
        app.include_router(module.router)
    problems.install(app)
    app.add_middleware(HeadAsGet)
    gate.install(app, PUBLIC)
    return app


async def _follow(engine: Engine) -> None:
    """Open what is published before anybody asks for it, and let go of what was replaced even if nobody asks."""
    could_read = True
    while True:
        try:
            engine.release(await acquire(engine))
            could_read = True
        except Problem as problem:
            # Said once, for /ready says it all the time.
            if could_read:
                _log.warning("no version can be read: %s", problem.__cause__)
            could_read = False
        await asyncio.sleep(FOLLOW_SECONDS)
