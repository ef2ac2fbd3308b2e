"""A Stripe that answers on this machine's loopback, with the company's objects and Stripe's own manners.

HTTP only: authentication, headers, and faults on demand. What is answered is decided in stripe_listing.py.
"""

import hashlib
import hmac
import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from ingestion.simulator.books import Json
from ingestion.simulator.emit_stripe import StripeState
from ingestion.simulator.stripe_listing import Librarian, StripeRefusalError

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class RequestInfo:
    """A request as a fault sees it; `number` counts from 1 over the server's life."""

    number: int
    path: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer.

    `status` answers with an error of that status (and `retry_after` seconds as header); `cut_body_at` closes the
    connection after so many bytes of the true body; `repeat_page` answers a list as if its cursor were not there;
    `silent` never answers, and holds the connection until the client gives up.
    """

    status: int | None = None
    retry_after: int | None = None
    cut_body_at: int | None = None
    repeat_page: bool = False
    silent: bool = False


Faults = Callable[[RequestInfo], Fault | None]


class SandboxStripe:
    """Serves one state: `with SandboxStripe(state, key) as stripe: ... stripe.base_url`.

    Port 0 takes a free one. `faults` is asked once for every authorised request. `clock` tells the time that answers
    are stamped with; without one they bear none, for a simulated company's time is not this machine's.
    """

    def __init__(
        self,
        state: StripeState,
        api_key: str,
        *,
        port: int = 0,
        faults: Faults | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.faults = faults
        self._clock = clock
        self.requests_answered = 0
        self._librarian = Librarian(state)
        self._api_version = state.api_version
        self._api_key = api_key
        self._port = port
        self._numbers = count(1)
        self._server: ThreadingHTTPServer | None = None
        self._thread: Thread | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without a trailing slash. Raises RuntimeError outside the `with` block."""
        if self._server is None:
            raise RuntimeError("the sandbox Stripe is not running; use it in a `with` block")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), partial(_Handler, self))
        self._server.daemon_threads = True
        self._thread = Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="sandbox-stripe", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def answer(self, target: str, authorization: str | None) -> "Answer":
        """The answer to one GET; `target` is path and query."""
        number = next(self._numbers)
        request_id = f"req_{hashlib.sha256(str(number).encode()).hexdigest()[:14]}"
        headers = {"Request-Id": request_id, "Stripe-Version": self._api_version}
        if self._clock is not None:
            headers["Date"] = format_datetime(self._clock(), usegmt=True)
        split = urlsplit(target)
        parameters = tuple(parse_qsl(split.query, keep_blank_values=True))
        try:
            self._authenticate(authorization)
            fault = self.faults(RequestInfo(number, split.path, parameters)) if self.faults else None
            if fault is not None and fault.status is not None:
                retry = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                return Answer(fault.status, _fault_body(fault.status), headers | retry)
            if fault is not None and fault.silent:
                return Answer(200, {}, headers, is_withheld=True)
            if fault is not None and fault.repeat_page:
                parameters = tuple(pair for pair in parameters if pair[0] != "starting_after")
            if not split.path.startswith("/v1/"):
                raise StripeRefusalError(404, f"Unrecognized request URL (GET: {split.path}).")
            body = self._librarian.answer(split.path.removeprefix("/v1/"), parameters)
        except StripeRefusalError as refusal:
            return Answer(refusal.status, refusal.body, headers)
        self.requests_answered += 1
        return Answer(200, body, headers, None if fault is None else fault.cut_body_at)

    def _authenticate(self, authorization: str | None) -> None:
        scheme, _, credentials = (authorization or "").partition(" ")
        given = credentials
        if scheme.lower() == "basic":
            try:
                given = b64decode(credentials, validate=True).decode().partition(":")[0]
            except ValueError:
                given = ""
        if not given:
            raise StripeRefusalError(
                401,
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            )
        if not hmac.compare_digest(given.encode(), self._api_key.encode()):
            raise StripeRefusalError(401, f"Invalid API Key provided: {given[:3]}****{given[-4:]}")


@dataclass(frozen=True)
class Answer:
    """A status, a JSON body and headers; `cut_at` closes the connection after so many bytes of the body.

    One that `is_withheld` is never sent.
    """

    status: int
    body: Json
    headers: dict[str, str]
    cut_at: int | None = None
    is_withheld: bool = False


def _fault_body(status: int) -> Json:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return {"error": {"type": "rate_limit_error", "code": "rate_limit", "message": "Request rate limit exceeded."}}
    return {"error": {"type": "api_error", "message": "An unknown error occurred."}}


class _Handler(BaseHTTPRequestHandler):
    """One connection; keeps it open between requests as Stripe does."""

    protocol_version = "HTTP/1.1"
    # Small answers must not wait for the peer's acknowledgement.
    disable_nagle_algorithm = True

    def __init__(self, stripe: SandboxStripe, *connection: Any) -> None:
        self.stripe = stripe
        super().__init__(*connection)

    def do_GET(self) -> None:
        answer = self.stripe.answer(self.path, self.headers.get("Authorization"))
        if answer.is_withheld:
            # Returns when the client closes the connection, which is all it can still do.
            self.rfile.read(1)
            self.close_connection = True
            return
        body = json.dumps(answer.body, separators=(",", ":")).encode()
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.cut_at is not None:
            self.wfile.write(body[: answer.cut_at])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the run."""
