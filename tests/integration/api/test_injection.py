"""Text that would be SQL, a path or a header elsewhere, in every parameter: it changes nothing and finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from serving.version import Version
from tests.integration.api.running_api import RunningApi

CORPUS = (
    "'",
    '"',
    "' or '1'='1",
    "1 or 1=1",
    "agent-1' --",
    "agent-1'; drop table marts.mrr_daily; --",
    "'; copy (select 1) to '/tmp/planted'; --",
    "') union select * from marts.fct_mrr_account_months --",
    "x' union all select * from read_csv('/etc/passwd') --",
    "mrr_daily.mrr_eur from marts.mrr_daily; select 1",
    "marts.mrr_daily",
    "(select 1)",
    "$1",
    "?",
    "%",
    "_",
    "..",
    "../../etc/passwd",
    "{0.__class__}",
    "${jndi:ldap://127.0.0.1/x}",
    "<script>alert(1)</script>",
    "\x00",
    "a\r\nX-Planted: 1",
    "\ufeff",
    "𝕊𝕌𝕄",
    "null",
    "NaN",
    "-1",
    "1e400",
    "9" * 400,
    "a" * 4000,
)


def requests_with(text: str, openapi: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every parameter of every operation, one at a time, set to that text; the others as they should be."""
    for path, operations in openapi["paths"].items():
        parameters = operations["get"].get("parameters", [])
        required = {"metric": "fct_spend_daily.spend_eur"} if path.endswith("/query") else {}
        for parameter in parameters:
            if parameter["in"] == "path":
                yield path.replace(f"{{{parameter['name']}}}", quote(text, safe="")), {}
            else:
                yield (
                    path.replace("{agent_id}", "agent-1").replace("{conversation_id}", "conversation-1"),
                    {
                        **required,
                        parameter["name"]: text,
                    },
                )
        yield (
            path.replace("{agent_id}", "agent-1").replace("{conversation_id}", "conversation-1"),
            {
                **required,
                text: "1",
            },
        )


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_injection__is_an_error_of_the_client_or_finds_nothing(
    text: str, api: RunningApi, management: httpx.Client, company: Version
) -> None:
    before = company.warehouse.stat()
    openapi = management.get("/openapi.json").json()
    asked = list(requests_with(text, openapi))
    assert len(asked) > 35
    for path, parameters in asked:
        answer = management.get(path, params=parameters)
        assert "x-planted" not in answer.headers
        if answer.status_code == 200:
            # A dimension, a filter or an id may look like this; then there is no row of that name.
            assert answer.json()["data"] == [], (path, parameters, answer.text)
        else:
            assert 400 <= answer.status_code < 500, (path, parameters, answer.text)
            assert text not in answer.json()["detail"] or len(text) < 4
    after = company.warehouse.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (before.st_mtime_ns, before.st_size, before.st_ino)
    assert management.get("/api/metrics/revenue").status_code == 200


@pytest.mark.parametrize("text", ["*/*;q=x", "text/csv;q=0, */*;q=0", ";;;,,,", "a" * 8000, "text/html", "\x80"])
def test_accept__of_any_shape_is_json_or_406(text: str, management: httpx.Client) -> None:
    answer = management.get("/api/metrics/revenue", headers={b"Accept": text.encode("latin-1")})
    assert answer.status_code in {200, 406}
    if answer.status_code == 200:
        assert answer.headers["content-type"] == "application/json"
