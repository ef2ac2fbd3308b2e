"""The audit log of a real server: every request in it, nothing personal in it, and no readiness without it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.published_company import publish_company
from tests.integration.api.running_api import running_api


@pytest.fixture
def data_dir(tmp_path: Path, definitions: Mapping[str, Any]) -> Path:
    publish_company(tmp_path, definitions)
    return tmp_path


def lines(data_dir: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for path in sorted((data_dir / "audit").iterdir()) for line in path.read_text().splitlines()
    ]


def test_log__has_a_line_for_every_request_and_repeats_nothing_the_client_said(data_dir: Path) -> None:
    began = datetime.now(UTC)
    with running_api(data_dir) as api, api.client("analyst") as analyst, api.client(None) as nobody:
        analyst.get("/api/metrics/agents/agent-1/time-to-value", headers={"User-Agent": "jane@example.com"})
        analyst.get("/api/metrics/agents/jane@example.com/time-to-value")
        answer = analyst.get("/api/metrics/activation", params={"channel": "google_ads", "from": "2026-01-01"})
        tag = answer.headers["ETag"]
        analyst.get("/api/metrics/activation", headers={"If-None-Match": tag})
        analyst.get("/api/metrics/activation", params={"jane@example.com": "1"})
        analyst.post("/api/metrics/activation")
        nobody.get("/api/metrics/revenue")
        nobody.get("/jane@example.com")
        nobody.get("/ready")
        version = answer.headers["X-NETVEXA-Version"]
        key = analyst.headers["Authorization"]
    found = lines(data_dir)
    kept = ("role", "method", "route", "parameters", "unknown_parameters", "status", "version")
    activation = "/api/metrics/activation"
    ttfv = "/api/metrics/agents/{agent_id}/time-to-value"
    assert [tuple(line[name] for name in kept) for line in found] == [
        ("analyst", "GET", ttfv, [], 0, 200, version),
        ("analyst", "GET", ttfv, [], 0, 404, version),
        ("analyst", "GET", activation, ["channel", "from"], 0, 200, version),
        ("analyst", "GET", activation, [], 0, 304, version),
        ("analyst", "GET", activation, [], 1, 422, version),
        (None, "POST", activation, [], 0, 405, None),
        (None, "GET", "/api/metrics/revenue", [], 0, 401, None),
        (None, "GET", None, [], 0, 404, None),
        (None, "GET", "/ready", [], 0, 200, None),
    ]
    key_id = key.split("_")[1]
    assert {line["who"] for line in found} == {f"key:{key_id}", None}
    assert all(began <= datetime.fromisoformat(line["at"]).replace(microsecond=999999) for line in found)
    # What went over the wire, which is what was compressed.
    assert found[2]["bytes"] == int(answer.headers["Content-Length"])
    written = json.dumps(found)
    for said in ("jane", "google_ads", "2026-01-01", "127.0.0.1", key.split("_")[2]):
        assert said not in written


def test_server__is_not_ready_while_the_log_cannot_be_written_and_answers_all_the_same(data_dir: Path) -> None:
    audit = data_dir / "audit"
    with running_api(data_dir) as api, api.client("analyst") as analyst:
        assert analyst.get("/ready").status_code == 200
        wait_for(lambda: len(lines(data_dir)) == 1)
        audit.rename(data_dir / "away")
        audit.write_text("a file where the folder should be")
        assert analyst.get("/api/metrics/activation").status_code == 200
        wait_for(lambda: analyst.get("/ready").status_code == 503)
        assert analyst.get("/health").status_code == 200
        audit.unlink()
        wait_for(lambda: analyst.get("/ready").status_code == 200)
        wait_for(lambda: any(line["route"] == "/api/metrics/activation" for line in lines(data_dir)))


def wait_for(holds: Any) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
