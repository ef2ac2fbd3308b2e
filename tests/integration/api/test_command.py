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
import pytest

from orchestration.lib.paths import DataLayout
from serving.api.access.keys import KeyFile
from tests.integration.api.published_company import publish_company
from tests.integration.api.running_api import new_key

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
    # What other services of the machine report to, which must hear nothing of this one.
    collector = {"FASTAPI_OTEL_AUTO_CONFIGURE": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    environment = {**os.environ, **collector, "NETVEXA_DATA_DIR": str(tmp_path), "NETVEXA_API_PORT": str(port)}
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
    assert "telemetry" not in output
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


def test_api__says_that_its_port_is_taken_before_it_says_where_it_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {
            **os.environ,
            "NETVEXA_DATA_DIR": str(tmp_path),
            "NETVEXA_API_PORT": str(taken.getsockname()[1]),
        }
        outcome = subprocess.run(
            [*NETVEXA, "api"], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    # 3 would say that another run holds the lock.
    assert outcome.returncode == 2
    assert "Address already in use" in outcome.stderr
    assert "NETVEXA_API_PORT" in outcome.stderr
    assert outcome.stdout == ""


def test_api__refuses_a_head_of_megabytes_without_keeping_it(tmp_path: Path) -> None:
    environment = {**os.environ, "NETVEXA_DATA_DIR": str(tmp_path), "NETVEXA_API_PORT": "0"}
    with (
        subprocess.Popen([*NETVEXA, "api"], env=environment, stdout=subprocess.PIPE, text=True) as server,
        socket.socket() as client,
    ):
        try:
            assert server.stdout is not None
            client.connect(("127.0.0.1", int(server.stdout.readline().split("127.0.0.1:")[1].partition("/")[0])))
            sent = b"GET /health HTTP/1.1\r\nHost: netvexa\r\nAuthorization: "
            with pytest.raises(ConnectionError):
                for _ in range(1024):
                    client.sendall(sent)
                    sent = b"x" * 65536
        finally:
            server.terminate()
            server.wait(30)


def test_api__says_which_file_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "api").write_text("a file where the folder should be")
    environment = {
        **os.environ,
        "NETVEXA_DATA_DIR": str(tmp_path),
        "NETVEXA_API_PORT": "0",
        "NETVEXA_API_OIDC_ISSUER": "https://issuer.example",
        "NETVEXA_API_OIDC_AUDIENCE": "netvexa",
        "NETVEXA_API_OIDC_ROLES": '{"staff": "analyst"}',
    }
    outcome = subprocess.run(
        [*NETVEXA, "api"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert outcome.returncode == 2
    assert str(tmp_path / "api") in outcome.stderr
    assert "NETVEXA_DATA_DIR" in outcome.stderr


def test_api__ends_when_told_though_a_client_does_not_read_its_answers(
    tmp_path: Path, definitions: dict[str, Any]
) -> None:
    publish_company(tmp_path, definitions)
    layout = DataLayout(tmp_path)
    layout.api_keys.parent.mkdir()
    key = new_key(KeyFile(layout.api_keys), "management")
    environment = {**os.environ, "NETVEXA_DATA_DIR": str(tmp_path), "NETVEXA_API_PORT": "0"}
    with (
        subprocess.Popen(
            [*NETVEXA, "api"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server,
        socket.socket() as slow,
    ):
        assert server.stdout is not None
        port = int(server.stdout.readline().split("127.0.0.1:")[1].partition("/")[0])
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect(("127.0.0.1", port))
        request = (
            f"GET /api/metrics/catalog?limit=1000 HTTP/1.1\r\nHost: netvexa\r\nAuthorization: Bearer {key}\r\n\r\n"
        )
        # More than all the buffers between the two take: the server waits in the middle of one of the answers.
        slow.sendall(100 * request.encode())
        assert slow.recv(12) == b"HTTP/1.1 200"
        time.sleep(1)
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        finally:
            server.kill()
    audit = "".join(path.read_text(encoding="utf-8") for path in layout.api_audit.iterdir())
    assert '"route": "/api/metrics/catalog"' in audit
