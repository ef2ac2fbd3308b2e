"""From rows to an HTTP answer: computed once for each version, in the format asked for, with what names the version.

Belongs here: what all routes share between their parameters and their bytes. Does not: rows (tables, dashboard,
metric_query), who may ask (access).
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import duckdb
import pyarrow as pa
from anyio import to_thread
from fastapi import Depends, Request, Response

from serving.api import cursors
from serving.api.access import Principal
from serving.api.access.visibility import Visibility
from serving.api.encoding import encode_arrow, encode_csv, encode_json, json_rows
from serving.api.engine import (
    Engine,
    NothingPublishedError,
    OpenVersion,
    Reader,
    VersionGoneError,
)
from serving.api.negotiation import Format, accepts_gzip, negotiate
from serving.api.parameters import FormatParameters, JsonParameters, NoParameters
from serving.api.problems import MEANINGS, Problem, unacceptable
from serving.api.results import Result
from serving.api.rows import Answer

VERSION_HEADER = "X-NETVEXA-Version"
AS_OF_HEADER = "X-NETVEXA-As-Of"
DEFINITIONS_HEADER = "X-NETVEXA-Definitions"
CURSOR_HEADER = "X-NETVEXA-Next-Cursor"
RETRY_SECONDS = "5"
# Requests in DuckDB at one moment; each uses all of its threads, so that more would only wait inside.
_AT_ONCE = 4
_SMALLEST_COMPRESSED = 1000
# Half of the work of the best level, for a few percent more bytes.
_COMPRESSION = 4


@dataclass(frozen=True)
class Content:
    """What an answer holds. rows: a list, or a single row. document: JSON values in place of rows.

    definitions: ids in the catalog. last_key: where the next page begins, None on the last one.
    """

    definitions: Sequence[str]
    rows: pa.Table | None = None
    is_list: bool = True
    document: Any = None
    last_key: tuple[str | None, ...] | None = None


Compute = Callable[[Reader, Visibility], Content]


@dataclass
class Served:
    """The version that one request is answered from."""

    request: Request
    engine: Engine
    version: OpenVersion
    timeout: float
    small_cohort: int
    at_once: asyncio.Semaphore

    async def answer(
        self,
        principal: Principal,
        parameters: FormatParameters | JsonParameters,
        compute: Compute,
        offered: Sequence[Format] = tuple(Format),
    ) -> Response:
        """The answer of `compute`, or the one kept from the last time somebody of this role asked the same.

        Raises Problem 406 for a format not offered, 503 when it takes too long, and what `compute` raises.
        """
        request = self.request
        format_ = negotiate(parameters.format, request.headers.get("accept"), offered)
        visibility = Visibility(principal, self.version.definitions, self.small_cohort)
        key = (visibility.key, self._path, parameters, format_)

        async def computed() -> Result:
            return await self._computed(partial(self._encoded, visibility, compute, parameters, format_))

        result = await self.version.results.get(key, computed)
        # Weak: JSON, CSV and their compressed forms say the same in other bytes.
        etag = f'W/"{self.version.id}"'
        headers = {
            "ETag": etag,
            "Vary": "Accept, Accept-Encoding, Authorization",
            "Cache-Control": "private, no-cache",
            # Text out of a source must not become a page because a browser thinks it looks like one.
            "X-Content-Type-Options": "nosniff",
            VERSION_HEADER: self.version.id,
            AS_OF_HEADER: self.version.as_of_date.isoformat(),
            **result.headers,
        }
        if _matches(request.headers.get("if-none-match"), self.version.id):
            return Response(status_code=304, headers=headers)
        body = result.body
        if result.gzipped is not None and accepts_gzip(request.headers.get("accept-encoding")):
            body, headers["Content-Encoding"] = result.gzipped, "gzip"
        return Response(body, headers=headers, media_type=result.media_type)

    def after(self, parameters: NoParameters) -> tuple[str | None, ...] | None:
        """The key that the cursor names. Raises Problem 410 for what is no cursor, 422 for one of another list."""
        text = getattr(parameters, "cursor", None)
        if text is None:
            return None
        try:
            cursor = cursors.decode(text)
        except ValueError as error:
            raise Problem(410, MEANINGS[410]) from error
        if cursor.list != self._list(parameters):
            raise unacceptable("cursor", "it belongs to a list with other parameters; repeat them as they were")
        return cursor.after

    @property
    def _path(self) -> str:
        # As the router matched it. That of `request.url` was parsed once more, which takes line breaks and tabs out of
        # an id, so that two conversations would share an answer.
        path: str = self.request.scope["path"]
        return path

    def _list(self, parameters: NoParameters) -> str:
        """A fingerprint of what is listed: everything asked for but the page and the format."""
        asked = parameters.model_dump_json(by_alias=True, exclude={"cursor", "limit", "format"}, exclude_none=True)
        return hashlib.sha256(f"{self._path} {asked}".encode()).hexdigest()[:16]

    async def _computed(self, encoded: Callable[[], Result]) -> Result:
        # The one who asked first may be gone before the others have their answer: the work holds the version itself.
        self.engine.hold(self.version)
        try:
            async with asyncio.timeout(self.timeout):
                await self.at_once.acquire()
            try:
                return await to_thread.run_sync(encoded)
            finally:
                self.at_once.release()
        except (TimeoutError, duckdb.OutOfMemoryException) as error:
            detail = f"the answer would take more than {self.timeout:g} s, or too much memory; ask for a shorter period"
            raise Problem(503, detail, {"Retry-After": RETRY_SECONDS}) from error
        finally:
            self.engine.release(self.version)

    def _encoded(self, visibility: Visibility, compute: Compute, parameters: NoParameters, format_: Format) -> Result:
        with self.version.reading(self.timeout) as reader:
            content = compute(reader, visibility)
        next_cursor, headers = None, {}
        if content.last_key is not None:
            next_cursor = cursors.encode(cursors.Cursor(self.version.id, self._list(parameters), content.last_key))
            headers[CURSOR_HEADER] = next_cursor
        if format_ is not Format.JSON:
            headers[DEFINITIONS_HEADER] = " ".join(content.definitions)
        body = self._body(content, next_cursor, format_)
        gzipped = None if len(body) < _SMALLEST_COMPRESSED else gzip.compress(body, _COMPRESSION, mtime=0)
        return Result(body, format_.media_type, headers, gzipped)

    def _body(self, content: Content, next_cursor: str | None, format_: Format) -> bytes:
        if format_ is Format.JSON:
            return encode_json(self._document(content, next_cursor))
        assert content.rows is not None, "only what has rows is offered as a table"
        if format_ is Format.CSV:
            return encode_csv(content.rows)
        metadata = {
            "version": self.version.id,
            "as_of": self.version.as_of_date.isoformat(),
            "definitions": " ".join(content.definitions),
            "next_cursor": next_cursor or "",
        }
        return encode_arrow(content.rows, metadata)

    def _document(self, content: Content, next_cursor: str | None) -> dict[str, Any]:
        data = content.document
        if content.rows is not None:
            rows = json_rows(content.rows)
            data = rows if content.is_list else rows[0]
        # The envelope has its names from the model that documents it.
        return {
            **dict.fromkeys(Answer.model_fields),
            "version": self.version.id,
            "as_of": self.version.as_of_date.isoformat(),
            "definitions": list(content.definitions),
            "data": data,
            "next_cursor": next_cursor,
        }


async def served(request: Request) -> AsyncIterator[Served]:
    """Dependency: the current version, held until the answer is made.

    Raises Problem 422 for a parameter given twice, 503 when nothing is published.
    """
    async for held in _held(request, None):
        yield held


async def served_page(request: Request) -> AsyncIterator[Served]:
    """Dependency: the version that the cursor began on, or the current one; held until the answer is made.

    Raises Problem 410 when the cursor's version is gone, and what `served` raises. What is no cursor at all is refused
    after the other parameters were looked at, by `Served.after`.
    """
    version_id = None
    with suppress(ValueError):
        version_id = cursors.decode(request.query_params.get("cursor", "")).version
    async for held in _held(request, version_id):
        yield held


# Let go of before the answer is sent: a client that reads slowly would else keep the file of a version on the disk that
# was dropped because somebody was erased.
CurrentVersion = Annotated[Served, Depends(served, scope="function")]
PagedVersion = Annotated[Served, Depends(served_page, scope="function")]


async def _held(request: Request, version_id: str | None) -> AsyncIterator[Served]:
    given = set()
    for name, _ in request.query_params.multi_items():
        if name in given:
            raise unacceptable(name, "it is given twice; give each parameter once")
        given.add(name)
    state = request.app.state
    engine: Engine = state.engine
    version = await acquire(engine, version_id)
    request.state.version = version.id
    try:
        yield Served(request, engine, version, state.settings.statement_timeout, state.small_cohort, state.at_once)
    finally:
        engine.release(version)


async def acquire(engine: Engine, version_id: str | None = None) -> OpenVersion:
    """A version to read, opened in a thread where it is not open yet. Raises Problem 410 or 503."""
    try:
        version = engine.acquire_open(version_id)
        if version is None:
            version = await to_thread.run_sync(engine.acquire, version_id)
    except VersionGoneError as error:
        raise Problem(410, MEANINGS[410]) from error
    except NothingPublishedError as error:
        detail = "no version can be read; netvexa status says what is published, netvexa nightly publishes"
        raise Problem(503, detail, {"Retry-After": RETRY_SECONDS}) from error
    return version


def admission() -> asyncio.Semaphore:
    """How many requests are in DuckDB at one moment."""
    return asyncio.Semaphore(_AT_ONCE)


def _matches(if_none_match: str | None, version_id: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or f'"{version_id}"' in tags
