"""How routes are described in the OpenAPI document: the formats, headers and errors of an answer.

Belongs here: what every route says of itself in the same words. Does not: behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.api.answers import AS_OF_HEADER, CURSOR_HEADER, DEFINITIONS_HEADER, VERSION_HEADER
from serving.api.negotiation import Format
from serving.api.problems import declared

_TEXT = {"schema": {"type": "string"}}
_VERSION_HEADERS = {
    "ETag": {"description": "Names the version; send it back as If-None-Match", **_TEXT},
    VERSION_HEADER: {"description": "As `version` in JSON", **_TEXT},
    AS_OF_HEADER: {"description": "As `as_of` in JSON", **_TEXT},
}
_TABLE_HEADERS = {
    DEFINITIONS_HEADER: {"description": "As `definitions` in JSON, with spaces; not beside JSON", **_TEXT},
    CURSOR_HEADER: {"description": "As `next_cursor` in JSON; not on the last page", **_TEXT},
}
_BODIES: dict[Format, dict[str, Any]] = {
    Format.CSV: {"schema": {"type": "string", "description": "RFC 4180, with a header; null is an empty field"}},
    Format.ARROW: {"schema": {"type": "string", "format": "binary", "description": "An IPC stream"}},
}
_NOT_MODIFIED = {"description": "The version is still the one of If-None-Match", "headers": _VERSION_HEADERS}


def numbers(*formats: Format, also: Sequence[int] = ()) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` of a route that reads numbers, in JSON and these formats; `also`: problems of its own."""
    content = {format_.media_type.partition(";")[0]: _BODIES[format_] for format_ in formats if format_ in _BODIES}
    headers = {**_VERSION_HEADERS, **(_TABLE_HEADERS if content else {})}
    return {
        200: {"description": "The numbers", "headers": headers, "content": content},
        304: _NOT_MODIFIED,
        **declared(401, 403, 406, 422, 429, 503, *also),
    }
