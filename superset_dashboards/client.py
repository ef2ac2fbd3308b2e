"""Superset's REST API: signing in, and requests that fail with the reason.

Belongs here: HTTP. Does not: what is asked for (push, pull, roles).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

TIMEOUT_SECONDS = 120
PAGE_SIZE = 100

_OK = 400


class SupersetError(Exception):
    """Superset refused or could not be reached; the message is one line with the cause and the next step."""


class SupersetClient:
    """One signed-in session. Use as a context manager. `base_url` without a trailing slash."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._username = username
        self._password = password
        self._session = requests.Session()
        # Reads only: a write that may have happened is not sent twice.
        retry = Retry(total=4, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), allowed_methods={"GET"})
        self._session.mount("http", HTTPAdapter(max_retries=retry))

    def __enter__(self) -> SupersetClient:
        credentials = {"username": self._username, "password": self._password, "provider": "db", "refresh": False}
        token = self.post("security/login", credentials)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]
        self._session.headers["Referer"] = self._base_url
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET; `query` becomes Superset's `q`."""
        return self._request("get", path, params=_q(query)).json()

    def download(self, path: str, query: Any) -> bytes:
        """The body of a GET, as it is."""
        return self._request("get", path, params=_q(query)).content

    def post(self, path: str, body: Any) -> Any:
        return self._request("post", path, json=body).json()

    def send(self, path: str, body: Any) -> bytes:
        """The body of a POST's answer, as it is: for exports."""
        return self._request("post", path, json=body).content

    def put(self, path: str, body: Any) -> Any:
        return self._request("put", path, json=body).json()

    def delete(self, path: str) -> None:
        self._request("delete", path)

    def upload(self, path: str, field: str, content: bytes, form: Mapping[str, str]) -> Any:
        """The JSON of a POST that carries a file."""
        files = {field: (f"{field}.zip", content, "application/zip")}
        return self._request("post", path, files=files, data=dict(form)).json()

    def entries(
        self, resource: str, columns: list[str], filters: list[dict[str, Any]] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page by page."""
        page = 0
        while True:
            query = {
                "columns": columns,
                "filters": filters or [],
                "page": page,
                "page_size": PAGE_SIZE,
            }
            found = self.get(f"{resource}/", query)["result"]
            yield from found
            if len(found) < PAGE_SIZE:
                return
            page += 1

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            response = self._session.request(
                method, f"{self._base_url}/api/v1/{path}", timeout=TIMEOUT_SECONDS, **arguments
            )
        except requests.RequestException as error:
            raise SupersetError(
                f"Superset at {self._base_url} does not answer ({type(error).__name__}); start it with netvexa superset"
            ) from None
        if response.status_code >= _OK:
            raise SupersetError(f"Superset {method.upper()} {path}: {response.status_code}, {_reason(response)}")
        return response


def _q(query: Any) -> dict[str, str]:
    return {} if query is None else {"q": json.dumps(query)}


def _reason(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return response.reason
    told = body.get("message") or body.get("errors") or body
    return (told if isinstance(told, str) else json.dumps(told))[:600]
