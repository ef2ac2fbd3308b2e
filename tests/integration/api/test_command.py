"""`netvexa api` as a person starts it: a process of its own that says where it listens, serves, and ends when told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.integration.api.published_company import publish_company

NETVEXA = (sys.executable, "-c", "from orchestration.cli import main; main()")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_api__serves_what_is_published_to_a_key_made_meanwhile_and_ends_with_the_signal(
    tmp_path: Path, definitions: dict[str, Any]
) -> None:
    publish_company(tmp_path, definitions)
    port = free_port()
    environment = {**os.environ, "NETVEXA_DATA_DIR": str(tmp_path), "NETVEXA_API_PORT": str(port)}
    server = subprocess.Popen(
        [*NETVEXA, "api"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline, "the API does not answer"
            try:
                assert httpx.get(f"{address}/ready").status_code == 200
                break
            except httpx.TransportError:
                time.sleep(0.1)
        made = subprocess.run(
            [*NETVEXA, "keys", "create", "--name", "test", "--role", "analyst"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        key = next(word for word in made.stdout.split() if word.startswith("nvx_"))
        answer = httpx.get(f"{address}/api/metrics/dashboard", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200
    finally:
        server.send_signal(signal.SIGTERM)
        output = server.communicate(timeout=30)[0]
    assert f"{address}/api/metrics/dashboard" in output
    assert "netvexa keys create" in output
    # What people ask for can name them; the process tells the terminal nothing of it.
    assert key not in output
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_api__refuses_to_listen_beyond_this_machine(tmp_path: Path) -> None:
    environment = {**os.environ, "NETVEXA_DATA_DIR": str(tmp_path), "NETVEXA_API_HOST": "0.0.0.0"}
    outcome = subprocess.run(
        [*NETVEXA, "api"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert outcome.returncode == 2
    assert "NETVEXA_API_HOST" in outcome.stderr
    assert "reverse proxy" in outcome.stderr
