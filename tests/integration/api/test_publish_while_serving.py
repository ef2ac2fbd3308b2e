"""A server under requests while versions come and go: none fails, none is stale, none mixes two versions."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.publish import rollback
from tests.integration.api.published_company import publish_company
from tests.integration.api.running_api import RunningApi, new_key, running_api

REVENUE = "/api/metrics/revenue?from=2026-11-01"


@pytest.fixture
def served(tmp_path: Path, definitions: dict[str, Any]) -> Iterator[RunningApi]:
    publish_company(tmp_path, definitions)
    with running_api(tmp_path) as running:
        yield running


def closing_mrr(mrr: int) -> str:
    return f"{mrr + 1300}.0000"


def test_publish__is_seen_by_the_next_request_without_a_failed_one(
    served: RunningApi, tmp_path: Path, definitions: dict[str, Any]
) -> None:
    expected = {"20261122T020004Z": closing_mrr(24_500)}
    answers: list[httpx.Response] = []
    stop = threading.Event()

    def ask(path: str) -> None:
        with served.client() as client:
            while not stop.is_set():
                answers.append(client.get(path))

    threads = [threading.Thread(target=ask, args=(path,)) for path in (REVENUE, "/api/metrics/dashboard")]
    for thread in threads:
        thread.start()
    with served.client() as client:
        for minute in range(1, 6):
            version = publish_company(tmp_path, definitions, minutes=minute, mrr=1000 * minute, keep=2)
            expected[version.id] = closing_mrr(1000 * minute)
            assert client.get(REVENUE).json()["version"] == version.id
        back = rollback(tmp_path / "published")
        assert client.get(REVENUE).json()["version"] == back.id
    stop.set()
    for thread in threads:
        thread.join()
    assert len(answers) > 20
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        body = answer.json()
        rows = body["data"] if isinstance(body["data"], list) else [body["data"]["revenue"]]
        assert rows[0]["closing_mrr_eur"] == expected[body["version"]]
        assert answer.headers["etag"] == f'W/"{body["version"]}"'


def test_pages__stay_on_their_version_until_it_is_gone(
    served: RunningApi, tmp_path: Path, definitions: dict[str, Any]
) -> None:
    path = "/api/metrics/revenue"
    with served.client() as client:
        first = client.get(path, params={"limit": 2}).json()
        publish_company(tmp_path, definitions, minutes=1, mrr=1000)
        second = client.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()
        assert second["version"] == first["version"]
        assert [row["closing_mrr_eur"] for row in second["data"]] == ["24700.0000", "24800.0000"]
        assert client.get(path).json()["version"] != first["version"]
        publish_company(tmp_path, definitions, minutes=2, mrr=2000, keep=1)
        gone = client.get(path, params={"limit": 2, "cursor": second["next_cursor"]})
        assert (gone.status_code, gone.headers["content-type"]) == (410, "application/problem+json")


def test_idle_server__lets_go_of_a_version_that_was_dropped(
    served: RunningApi, tmp_path: Path, definitions: dict[str, Any]
) -> None:
    with served.client() as client:
        dropped = client.get(REVENUE).json()["version"]
    publish_company(tmp_path, definitions, minutes=1, keep=1)
    wait_until_closed(tmp_path, dropped)


def test_client__that_does_not_read_its_answers_keeps_no_version(
    served: RunningApi, tmp_path: Path, definitions: dict[str, Any]
) -> None:
    host, port = served.address.removeprefix("http://").split(":")
    request = (
        "GET /api/metrics/catalog?limit=1000 HTTP/1.1\r\nHost: netvexa\r\n"
        f"Authorization: Bearer {new_key(served.keys, 'management')}\r\n\r\n"
    )
    with served.client() as client, socket.socket() as slow:
        dropped = client.get(REVENUE).json()["version"]
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect((host, int(port)))
        # More than all the buffers between the two take: the server waits in the middle of one of the answers.
        slow.sendall(100 * request.encode())
        time.sleep(1)
        publish_company(tmp_path, definitions, minutes=1, keep=1)
        wait_until_closed(tmp_path, dropped)


def test_nothing_published__is_503_and_becomes_200_by_itself(tmp_path: Path, definitions: dict[str, Any]) -> None:
    with running_api(tmp_path) as running, running.client() as client:
        assert client.get("/health").status_code == 200
        for path in ("/ready", REVENUE):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert int(answer.headers["retry-after"]) > 0
        publish_company(tmp_path, definitions)
        assert client.get(REVENUE).status_code == 200
        assert client.get("/ready").status_code == 200


def test_statement_timeout__is_503_and_the_next_request_is_answered(
    tmp_path: Path, definitions: dict[str, Any]
) -> None:
    publish_company(tmp_path, definitions)
    with running_api(tmp_path, NETVEXA_API_STATEMENT_TIMEOUT=0.000001) as running, running.client() as client:
        answer = client.get(REVENUE)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert "shorter period" in answer.json()["detail"]
        assert client.get("/api/metrics/ping").status_code == 200


def test_version__older_than_a_list_says_so_and_shows_what_it_has(
    served: RunningApi, tmp_path: Path, definitions: dict[str, Any]
) -> None:
    models = {name: described for name, described in definitions["models"].items() if name == "weekly_active_agents"}
    publish_company(tmp_path, definitions, minutes=1, catalog={"models": models})
    with served.client() as client:
        assert client.get("/api/metrics/weekly-active").json()["data"]
        data = client.get("/api/metrics/dashboard").json()["data"]
        assert (data["headline"], set(data)) == ([], {"headline", "weekly_active"})
        for path in (REVENUE, "/api/metrics/agents/agent-1/time-to-value"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "this version has no" in answer.json()["detail"]


def test_version__whose_catalog_says_not_who_may_see_it_is_not_served(
    served: RunningApi, tmp_path: Path, definitions: dict[str, Any]
) -> None:
    publish_company(tmp_path, definitions, minutes=1, catalog={})
    with served.client() as client:
        for path in ("/api/metrics/catalog", "/api/metrics/dashboard", REVENUE, "/ready"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "netvexa nightly publishes" in answer.json()["detail"]
            assert "data" not in answer.json()


def wait_until_closed(folder: Path, version_id: str) -> None:
    """Fails where the server has that version's file, which may have no name any more, open after 10 s."""
    deadline = time.monotonic() + 10
    while any(str(folder) in target and version_id in target for target in open_files()):
        assert time.monotonic() < deadline, f"{version_id} is open still"
        time.sleep(0.05)


def open_files() -> list[str]:
    """What the file descriptors of this process, and so of the server in it, point to."""
    return [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
