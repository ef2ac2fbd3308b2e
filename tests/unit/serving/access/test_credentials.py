"""Where a credential may stand in a request, and where it has leaked."""

from __future__ import annotations

import pytest
from fastapi import Request

from serving.api.access.credentials import bearer_token

KEY = "nvx_0123abcd_" + "ab" * 32


def request(*authorization: str, query: str = "", path: str = "/api/metrics/ping") -> Request:
    headers = [(b"authorization", value.encode("latin-1")) for value in authorization]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
        "server": ("testserver", 80),
        "scheme": "http",
    }
    return Request(scope)


@pytest.mark.parametrize("header", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY} "])
def test_token__stands_in_one_bearer_header(header: str) -> None:
    assert bearer_token(request(header)) == KEY


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("",),
        (KEY,),
        (f"Basic {KEY}",),
        (f"Token {KEY}",),
        ("Bearer",),
        (f"Bearer {KEY}", f"Bearer {KEY}"),
        ("Bearer " + "a" * 8193,),
    ],
)
def test_token__is_empty_where_there_is_not_exactly_one(headers: tuple[str, ...]) -> None:
    assert bearer_token(request(*headers)) == ""


@pytest.mark.parametrize(
    "query",
    [
        f"key={KEY}",
        f"anything={KEY}",
        f"metric=mrr_daily.mrr_eur&x={KEY}",
        f"{KEY}",
        "api_key=1",
        "API_KEY=1",
        "access_token=a.b.c",
        "token=",
        f"x=nvx%5f0123abcd%5f{'ab' * 32}",
        f"x={KEY.upper()}",
    ],
)
def test_token__is_empty_where_the_url_holds_a_credential_even_beside_a_good_header(query: str) -> None:
    assert bearer_token(request(f"Bearer {KEY}", query=query)) == ""


def test_token__is_empty_where_the_path_holds_a_key() -> None:
    assert bearer_token(request(f"Bearer {KEY}", path=f"/api/metrics/agents/{KEY}/time-to-value")) == ""


@pytest.mark.parametrize("query", ["", "from=2026-01-01", "metric=mrr_daily.mrr_eur&cursor=bnZ4X2E", "x=nvx_"])
def test_token__is_not_mistaken_for_what_else_stands_in_a_url(query: str) -> None:
    assert bearer_token(request(f"Bearer {KEY}", query=query)) == KEY
