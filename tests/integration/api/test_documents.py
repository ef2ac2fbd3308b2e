"""What is written about the API is so: its OpenAPI document, and the examples of docs/api.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.api.problems import MEDIA_TYPE
from tests.integration.api.running_api import RunningApi

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r'"http://127\.0\.0\.1:8090(/[^"]+)"', PAGE)


@pytest.fixture(scope="module")
def document(management: httpx.Client) -> dict[str, Any]:
    described: dict[str, Any] = management.get("/openapi.json").json()
    return described


def test_page__has_examples() -> None:
    assert len(EXAMPLES) == 9


@pytest.mark.parametrize("example", EXAMPLES)
def test_page__an_example_is_answered_with_rows(example: str, management: httpx.Client) -> None:
    answer = management.get(example)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv") or answer.json()["data"]


def test_page__names_every_route_and_its_scope(api: RunningApi, document: dict[str, Any]) -> None:
    listed = dict(re.findall(r"^\| `(/api/metrics/[^`]+)` \| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(listed) == {path for path in document["paths"] if path.startswith("/api/")}
    with api.client("support") as support:
        for path, scope in listed.items():
            query = "?metric=weekly_active_agents.active_agents" if path.endswith("/query") else ""
            status = support.get(re.sub(r"\{\w+\}", "x", path) + query).status_code
            assert (status == 403) is (scope not in {"product", "catalog"}), (path, status)


def test_document__every_operation_declares_its_errors_as_problems(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        assert set(operations) == {"get"}
        responses = operations["get"]["responses"]
        expected = {"200", "422"} if path == "/health" else {"200", "422", "503"}
        if path.startswith("/api/"):
            expected |= {"401", "403", "429"}
        if path.endswith("/ping"):
            expected -= {"503"}
        assert expected <= set(responses), path
        for status, response in responses.items():
            if int(status) >= 400:
                assert list(response["content"]) == [MEDIA_TYPE], (path, status)
                assert response["content"][MEDIA_TYPE]["schema"]["$ref"].endswith("/ProblemDetails")


def test_document__every_operation_has_a_name_and_a_sentence_and_needs_credentials_unless_it_is_public(
    document: dict[str, Any],
) -> None:
    names = [operation["get"]["operationId"] for operation in document["paths"].values()]
    assert len(set(names)) == len(names)
    for path, operations in document["paths"].items():
        assert operations["get"]["description"].endswith(".")
        assert bool(operations["get"].get("security")) is path.startswith("/api/")


def test_document__has_no_floating_point_number_and_an_example_for_every_plain_field(document: dict[str, Any]) -> None:
    def walk(schema: Any) -> None:
        if isinstance(schema, dict):
            assert schema.get("type") != "number", schema
            for value in schema.values():
                walk(value)
        elif isinstance(schema, list):
            for value in schema:
                walk(value)

    walk(document["components"]["schemas"])
    revenue = document["components"]["schemas"]["RevenueMonth"]["properties"]
    assert all("examples" in str(field) for name, field in revenue.items() if name != "is_complete")
