"""Asking Stripe, through its own client: one request with retries, whole lists page by page.

Belongs here: HTTP, paging, and what Stripe's errors mean. Does not: which lists (contract) or which fields
(allow_list).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import stripe
from stripe import StripeClient

from ingestion.retry import PermanentSourceError, SourceError, TransientSourceError, with_retries

PAGE_SIZE = 100
TIMEOUT_SECONDS = 60.0

_TOO_MANY_REQUESTS = 429
_CONFLICT = 409
_SERVER_ERRORS = 500
_CLIENT_ERRORS = 400

Page = Mapping[str, Any]


class StripeLists:
    """Stripe's lists, read whole. Every request is retried a bounded number of times where it may heal.

    Raises PermanentSourceError (wrong key, missing permission, wrong request) or TransientSourceError (Stripe stayed
    unavailable); messages never hold the key or a response's body, which may be personal.
    """

    def __init__(
        self,
        api_key: str,
        api_base: str | None,
        progress: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        # The client would tell Stripe about this machine; nothing leaves that is not needed.
        stripe.enable_telemetry = False
        self._client = StripeClient(
            api_key,
            base_addresses={"api": api_base.rstrip("/")} if api_base else None,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            # Retries are ours: the client does not retry 429, and would hide the others from the run's log.
            max_network_retries=0,
        )
        self._progress = progress
        self._sleep = sleep

    @property
    def api_version(self) -> str:
        """The version the installed client is made for, and the only one asked for: upgrading is upgrading it."""
        return stripe.api_version

    def entries(self, path: str, parameters: Mapping[str, Any], expand: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Every entry of a list, newest first as Stripe gives them; an entry may come twice while pages shift."""
        yield from self._following(path, parameters, expand, after=None)

    def rest(
        self, path: str, parameters: Mapping[str, Any], expand: Sequence[str], after: str
    ) -> Iterator[dict[str, Any]]:
        """The entries of a list that come after the entry with the id `after`."""
        yield from self._following(path, parameters, expand, after)

    def _following(
        self, path: str, parameters: Mapping[str, Any], expand: Sequence[str], after: str | None
    ) -> Iterator[dict[str, Any]]:
        asked = {**parameters, "limit": PAGE_SIZE, **({"expand": list(expand)} if expand else {})}
        has_more = True
        while has_more:
            page = self._page(path, asked if after is None else {**asked, "starting_after": after}, after)
            entries = page["data"]
            yield from entries
            has_more = page["has_more"]
            after = entries[-1]["id"] if entries else after

    def _page(self, path: str, parameters: Mapping[str, Any], after: str | None) -> Page:
        return with_retries(lambda: self._request(path, parameters, after), sleep=self._sleep, progress=self._progress)

    def _request(self, path: str, parameters: Mapping[str, Any], after: str | None) -> Page:
        try:
            response = self._client.raw_request("get", path, **parameters)
            page: Page = json.loads(response.body)
        except stripe.StripeError as error:
            # `from None`: the client's message may quote the response's body.
            raise _translate(path, error) from None
        except ValueError:
            raise TransientSourceError(f"Stripe GET {path}: the response was cut off") from None
        return _checked(path, page, after)


def _checked(path: str, page: Page, after: str | None) -> Page:
    """Hold a page to what paging relies on: without it, entries would be missed in silence."""
    entries = page.get("data")
    if not isinstance(entries, list) or not isinstance(page.get("has_more"), bool):
        raise TransientSourceError(f"Stripe GET {path}: the response is no list")
    if page["has_more"] and not entries:
        raise TransientSourceError(f"Stripe GET {path}: an empty page that says more follow")
    if after is not None and any(entry.get("id") == after for entry in entries):
        raise TransientSourceError(f"Stripe GET {path}: the page before was sent again")
    return page


def _translate(path: str, error: stripe.StripeError) -> SourceError:
    place = f"Stripe GET {path}"
    if isinstance(error, stripe.APIConnectionError):
        return _connection_error(place, error)
    status = error.http_status
    if status is None or status >= _SERVER_ERRORS or status in {_CONFLICT, _TOO_MANY_REQUESTS}:
        return TransientSourceError(f"{place}: Stripe answered {status}", retry_after=_retry_after(error))
    if status < _CLIENT_ERRORS:
        return TransientSourceError(f"{place}: the response was cut off")
    return PermanentSourceError(f"{place}: {_refusal(path, error)}")


def _connection_error(place: str, error: stripe.APIConnectionError) -> SourceError:
    cause = type(error.__cause__).__name__ if error.__cause__ else "no connection"
    if cause == "SSLError":
        return PermanentSourceError(f"{place}: the server's certificate is not trusted; check STRIPE_API_BASE")
    return TransientSourceError(f"{place}: {cause}; is Stripe reachable (STRIPE_API_BASE)?")


def _refusal(path: str, error: stripe.StripeError) -> str:
    if isinstance(error, stripe.AuthenticationError):
        return "the key was refused (401); check STRIPE_API_KEY"
    if isinstance(error, stripe.PermissionError):
        resource = path.removeprefix("/v1/").split("/")[0]
        return f"the key may not read this (403); give the restricted key in STRIPE_API_KEY read access to {resource}"
    parameter = f", parameter {error.param}" if isinstance(error, stripe.InvalidRequestError) else ""
    return (
        f"the request was refused ({error.http_status}, code {error.code}{parameter}); "
        "check STRIPE_API_KEY and STRIPE_API_BASE, else the API has changed"
    )


def _retry_after(error: stripe.StripeError) -> float | None:
    headers: Mapping[str, str] = error.headers or {}
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None
