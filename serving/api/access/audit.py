"""What the audit log says of a request: who asked for what, when, of which version, and what they got.

Belongs here: the content of a line. Does not: the file (audit_log). No personal data: what was asked for is the route's
template and the names of the parameters it declares, never a value and never a name of the client's own, for an id in a
path can be a person's. The client's address is left out for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.access.audit_log import AuditLog

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


@dataclass(frozen=True)
class Template:
    """A path of the OpenAPI document, and the names of the query parameters it declares."""

    path: str
    matches: re.Pattern[str]
    parameters: frozenset[str]


class AuditMiddleware:
    """Writes one line a request, the refused ones included, when its answer has been sent or has failed.

    It is to be the outermost: `bytes` are those of the body as it was sent. The gate leaves `principal`, `claimed` and
    `denial` in the request's state, the engine `version`. openapi: the application's document, asked for once.
    """

    def __init__(
        self, app: ASGIApp, log: AuditLog, clock: Callable[[], datetime], openapi: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._app = app
        self._log = log
        self._clock = clock
        self._openapi = openapi
        self._templates: tuple[Template, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        at = self._clock()
        state = scope.setdefault("state", {})
        # 500 stands for an answer that never began.
        sent = {"status": 500, "bytes": 0}

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"] = message["status"]
            elif message["type"] == "http.response.body":
                sent["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counting)
        finally:
            principal = state.get("principal")
            self._log.write(
                at,
                {
                    "who": principal.name if principal else state.get("claimed"),
                    "role": principal.role if principal else None,
                    "method": scope["method"] if scope["method"] in _METHODS else "other",
                    **self._asked_for(scope),
                    "status": sent["status"],
                    "denied": state.get("denial"),
                    "version": state.get("version"),
                    "bytes": sent["bytes"],
                },
            )

    def _asked_for(self, scope: Scope) -> dict[str, object]:
        if not self._templates:
            self._templates = templates_of(self._openapi())
        names = set(QueryParams(scope["query_string"]).keys())
        for template in self._templates:
            if template.matches.match(scope["path"]):
                declared = names & template.parameters
                unknown = len(names - declared)
                return {"route": template.path, "parameters": sorted(declared), "unknown_parameters": unknown}
        return {"route": None, "parameters": [], "unknown_parameters": len(names)}


def templates_of(openapi: Mapping[str, Any]) -> tuple[Template, ...]:
    """The paths of an OpenAPI document; those without a placeholder first, as the router would match them."""
    found = []
    for path, operations in openapi["paths"].items():
        parameters = {
            parameter["name"]
            for operation in operations.values()
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        }
        found.append(Template(path, compile_path(path)[0], frozenset(parameters)))
    return tuple(sorted(found, key=lambda template: (template.path.count("{"), template.path)))
