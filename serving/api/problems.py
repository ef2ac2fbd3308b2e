"""Answers that are errors: RFC 9457 problem details, one shape for every status.

Belongs here: the problems the API knows, and how exceptions become them. Does not: deciding that something is wrong
(whoever raises). A problem never repeats what the client sent: it could be a key, or a person's name.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
# More of them help nobody, and /health answers strangers: a URL of 50 kB would get half a megabyte.
_MOST_MISTAKES = 20
_log = logging.getLogger(__name__)

# Where no route was found, the framework says no more than the title does. Every route answers GET, and so HEAD.
_OF_THE_ROUTER: Mapping[int, tuple[str, Mapping[str, str]]] = {
    404: ("there is no such path; /openapi.json lists those there are", {}),
    405: ("this is read-only: ask with GET or HEAD", {"Allow": "GET, HEAD"}),
}

# What each status means here, in words a client's developer can act on.
MEANINGS: Mapping[int, str] = {
    401: "No valid credentials. The answer is the same whatever is wrong with them.",
    403: "The credentials do not reach this.",
    404: "There is no such agent, conversation or metric, or the version is older than the list.",
    406: "None of the formats asked for can be given.",
    410: "The cursor cannot be continued: its version is no longer kept, or it was altered. Begin at the first page.",
    422: "A parameter is unknown, given twice, or not acceptable.",
    429: "Too many requests; Retry-After says for how many seconds to wait.",
    503: "Nothing is published, or the answer took too long; Retry-After says for how many seconds to wait.",
}


class Mistake(BaseModel):
    """One parameter that cannot be accepted."""

    parameter: str = Field(description="The parameter's name", examples=["from"])
    detail: str = Field(description="What is wrong with it", examples=["Input should be a valid date"])


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457)."""

    type: str = Field(description="Stays the same for one kind of problem", examples=["about:blank"])
    title: str = Field(description="The kind of problem", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status", examples=[422])
    detail: str = Field(description="What happened, and what to do", examples=["unknown parameter"])
    errors: list[Mistake] | None = Field(
        default=None, description=f"Parameters at fault, where there are any; the first {_MOST_MISTAKES}"
    )


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An answer that is an error: raise it anywhere below a route. headers: sent along, such as Retry-After."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, errors: Sequence[Mistake] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)

    def response(self) -> Response:
        """The problem as an answer that no cache keeps."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [mistake.model_dump() for mistake in self.errors]
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(json.dumps(body), self.status, headers, MEDIA_TYPE)


def unacceptable(parameter: str, detail: str) -> Problem:
    """422 for that parameter."""
    return Problem(422, detail, errors=[Mistake(parameter=parameter, detail=detail)])


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of these problems, for a route."""
    reference = {"schema": {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}}
    return {status: {"description": MEANINGS[status], "content": {MEDIA_TYPE: reference}} for status in statuses}


def install(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_anything)


async def _of_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    mistakes = [
        Mistake(parameter=str(found["loc"][-1]) if found["loc"] else "", detail=_without_input(found))
        for found in error.errors()[:_MOST_MISTAKES]
    ]
    return Problem(422, "parameters cannot be accepted; errors names them", errors=mistakes).response()


def _without_input(found: Mapping[str, Any]) -> str:
    # An unknown parameter's own name is what the client sent, too; it is named because nobody could mend it otherwise.
    if found["type"] == "extra_forbidden":
        return "there is no such parameter"
    return str(found["msg"]).removeprefix("Value error, ")


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail, headers = _OF_THE_ROUTER.get(error.status_code, (error.detail, error.headers))
    return Problem(error.status_code, detail, headers).response()


async def _of_anything(request: Request, error: Exception) -> Response:
    # The path may hold a person's id, so the log gets the route's template.
    route = getattr(request.scope.get("route"), "path", "an unknown route")
    _log.error("%s failed: %s", route, type(error).__name__, exc_info=error)
    return Problem(500, "the API failed; its log says why").response()
