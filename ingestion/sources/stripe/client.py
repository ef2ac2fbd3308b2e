"""Asking Stripe, through its own client: one request with retries, lists page by page, single objects by id.

Belongs here: HTTP, paging, and what Stripe's errors mean. Does not: which lists (contract) or which fields
(allow_list).
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import stripe
from stripe import StripeClient

from ingestion.contract import RunContext
from ingestion.retry import PermanentSourceError, SourceError, TransientSourceError, with_retries
from ingestion.sources.stripe.clock import check_clock

PAGE_SIZE = 100
TIMEOUT_SECONDS = 60.0

_TOO_MANY_REQUESTS = 429
_CONFLICT = 409
_NOT_FOUND = 404
_MISSING = "resource_missing"
_SERVER_ERRORS = 500
_CLIENT_ERRORS = 400
_VOCABULARY = re.compile(r"[a-z][a-z_]{0,63}(\[[a-z0-9_]{0,32}\]){0,3}")

Page = Mapping[str, Any]
T = TypeVar("T")


class _ObjectMissingError(Exception):
    """Stripe knows no object of an id that was asked for, or that a page was to begin after."""


class StripeLists:
    """Stripe's lists and the objects in them. Every request is retried a bounded number of times where it may heal.

    `run`: who is told, and whose clock Stripe's is compared with. `timeout`: seconds that Stripe may keep silent.
    Raises PermanentSourceError (wrong key, address or clock, missing permission, wrong request) or
    TransientSourceError (Stripe stayed unavailable); messages never hold the key or a response's body, which may be
    personal.
    """

    def __init__(
        self,
        api_key: str,
        api_base: str | None,
        run: RunContext,
        sleep: Callable[[float], None],
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        # The client would tell Stripe about this machine; nothing leaves that is not needed.
        stripe.enable_telemetry = False
        self._client = StripeClient(
            api_key,
            base_addresses={"api": api_base.rstrip("/")} if api_base else None,
            http_client=stripe.RequestsClient(timeout=timeout),
            # Retries are ours: the client does not retry 429, and would hide the others from the run's log.
            max_network_retries=0,
        )
        self._api_base = api_base
        self._progress = run.progress
        self._wall_clock = run.wall_clock
        self._sleep = sleep

    @property
    def api_version(self) -> str:
        """The version the installed client is made for, and the only one asked for: upgrading is upgrading it."""
        return stripe.api_version

    def entries(self, path: str, parameters: Mapping[str, Any], expand: Sequence[str] = ()) -> Iterator[Any]:
        """Every entry of a list, newest first as Stripe gives them; an entry may come twice while pages shift."""
        yield from self._following(path, parameters, expand, after=None)

    def rest(self, path: str, parameters: Mapping[str, Any], expand: Sequence[str], after: str) -> Iterator[Any]:
        """The entries of a list that come after the entry with the id `after`."""
        yield from self._following(path, parameters, expand, after)

    def entry(self, path: str, object_id: str, expand: Sequence[str] = ()) -> Any | None:
        """One object of the list at `path`, None when Stripe knows none of this id."""
        # A coupon's id is what its owner typed: it may hold a slash, or letters beyond ASCII.
        place = f"{path}/{quote(object_id, safe='')}"
        try:
            return self._retried(lambda: self._request(place, _expanding({}, expand), path))
        except _ObjectMissingError:
            return None

    def _following(
        self, path: str, parameters: Mapping[str, Any], expand: Sequence[str], after: str | None
    ) -> Iterator[Any]:
        asked = _expanding({**parameters, "limit": PAGE_SIZE}, expand)
        # Where the next page may begin, the best place last: an object deleted meanwhile is no place any more.
        cursors: list[str] = [after] if after is not None else []
        has_more = True
        while has_more:
            page = self._next_page(path, asked, cursors)
            yield from page["data"]
            has_more = page["has_more"]
            cursors = [entry["id"] for entry in page["data"] if _has_id(entry)] or cursors

    def _next_page(self, path: str, asked: Mapping[str, Any], cursors: list[str]) -> Page:
        places: list[str | None] = [*reversed(cursors)] or [None]
        for after in places:
            try:
                return self._page(path, asked if after is None else {**asked, "starting_after": after}, after)
            except _ObjectMissingError:
                self._progress(f"Stripe GET {path}: what it was to go on after was deleted meanwhile")
        raise TransientSourceError(f"Stripe GET {path}: what was asked for was deleted while it was read")

    def _page(self, path: str, parameters: Mapping[str, Any], after: str | None) -> Page:
        return self._retried(lambda: _checked(path, self._request(path, parameters, path), after))

    def _retried(self, request: Callable[[], T]) -> T:
        return with_retries(request, sleep=self._sleep, progress=self._progress)

    def _request(self, path: str, parameters: Mapping[str, Any], place: str) -> Any:
        """The decoded body. `place` is what messages call the path: without ids, which people may have chosen."""
        try:
            response = self._client.raw_request("get", path, **parameters)
            check_clock(_header(response.headers, "date"), self._wall_clock())
            return json.loads(response.body)
        except stripe.StripeError as error:
            # `from None`: the client's message may quote the response's body.
            raise _translate(place, error, self._api_base) from None
        except ValueError:
            raise TransientSourceError(f"Stripe GET {place}: the response was cut off") from None


def _expanding(parameters: dict[str, Any], expand: Sequence[str]) -> dict[str, Any]:
    return {**parameters, "expand": list(expand)} if expand else parameters


def _has_id(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("id"), str)


def _checked(path: str, page: Any, after: str | None) -> Page:
    """Hold a page to what paging relies on: without it, entries would be missed in silence."""
    entries = page.get("data") if isinstance(page, Mapping) else None
    if not isinstance(entries, list) or not isinstance(page.get("has_more"), bool):
        raise TransientSourceError(f"Stripe GET {path}: the response is no list")
    if page["has_more"] and not any(_has_id(entry) for entry in entries):
        raise TransientSourceError(f"Stripe GET {path}: more is said to follow, but no entry to go on after")
    if after is not None and any(_has_id(entry) and entry["id"] == after for entry in entries):
        raise TransientSourceError(f"Stripe GET {path}: the page before was sent again")
    return page  # type: ignore[no-any-return]


def _translate(path: str, error: stripe.StripeError, api_base: str | None) -> Exception:
    place = f"Stripe GET {path}"
    if isinstance(error, stripe.APIConnectionError):
        return _connection_error(place, error, api_base)
    status = error.http_status
    if status is None or status >= _SERVER_ERRORS or status in {_CONFLICT, _TOO_MANY_REQUESTS}:
        return TransientSourceError(f"{place}: Stripe answered {status}", retry_after=_retry_after(error))
    if status < _CLIENT_ERRORS:
        return TransientSourceError(f"{place}: the response was cut off")
    if isinstance(error, stripe.InvalidRequestError) and error.code == _MISSING and _is_about(error):
        return _ObjectMissingError(path)
    return PermanentSourceError(f"{place}: {_refusal(path, error)}")


def _is_about(error: stripe.InvalidRequestError) -> bool:
    """Whether the missing object is the one asked for (404), or the one a page was to begin after (400)."""
    return error.http_status == _NOT_FOUND or error.param == "starting_after"


def _connection_error(place: str, error: stripe.APIConnectionError, api_base: str | None) -> SourceError:
    cause = type(error.__cause__).__name__ if error.__cause__ else "no connection"
    if cause == "SSLError":
        return PermanentSourceError(f"{place}: the server's certificate is not trusted; check STRIPE_API_BASE")
    # Stripe's own name fails to resolve when the network is down; a name somebody typed is more likely wrong.
    if api_base is not None and _is_unresolved(error):
        return PermanentSourceError(f"{place}: there is no host {urlsplit(api_base).hostname}; correct STRIPE_API_BASE")
    return TransientSourceError(f"{place}: {cause}; is Stripe reachable (STRIPE_API_BASE)?")


def _is_unresolved(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    return error is not None


def _refusal(path: str, error: stripe.StripeError) -> str:
    if isinstance(error, stripe.AuthenticationError):
        return "the key was refused (401); check STRIPE_API_KEY"
    if isinstance(error, stripe.PermissionError):
        resource = path.removeprefix("/v1/").split("/")[0]
        return f"the key may not read this (403); give the restricted key in STRIPE_API_KEY read access to {resource}"
    parameter = f", parameter {_word(error.param)}" if isinstance(error, stripe.InvalidRequestError) else ""
    return (
        f"the request was refused ({error.http_status}, code {_word(error.code)}{parameter}); "
        "check STRIPE_API_KEY and STRIPE_API_BASE, else the API has changed"
    )


def _word(said: object) -> str | None:
    """A word of Stripe's own vocabulary; whatever else stands in its place may repeat what was sent."""
    return said if isinstance(said, str) and _VOCABULARY.fullmatch(said) else None


def _retry_after(error: stripe.StripeError) -> float | None:
    value = _header(error.headers or {}, "retry-after")
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
