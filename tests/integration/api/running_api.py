"""The API on a real server of this process, on a free port, for as long as a test needs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import uvicorn

from serving.api.access.gate import open_gate, utc_now
from serving.api.access.keys import KeyFile
from serving.api.access.settings import AccessSettings
from serving.api.app import create_app
from serving.api.settings import ApiSettings


@dataclass(frozen=True)
class RunningApi:
    """address: `http://127.0.0.1:<port>`. keys: the file of keys."""

    address: str
    keys: KeyFile

    def client(self, role: str | None = "management") -> httpx.Client:
        """A client with a new key of that role, or without any."""
        headers = {} if role is None else {"Authorization": f"Bearer {new_key(self.keys, role)}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30)


def new_key(keys: KeyFile, role: str) -> str:
    """A key that is good for a day."""
    now = utc_now()
    return keys.create(name="test", role=role, scopes=None, created_at=now, expires_at=now + timedelta(days=1))[1]


@contextmanager
def running_api(data_dir: Path, **settings: object) -> Iterator[RunningApi]:
    """Serve what is published in `data_dir`; `settings` by the names of the environment."""
    # What a developer's own environment or .env says must not decide a test.
    api = ApiSettings.model_validate({"NETVEXA_DATA_DIR": data_dir, **settings})
    access = AccessSettings.model_validate({"NETVEXA_API_RATE_LIMIT": 1_000_000, **settings})
    keys = data_dir / "api_keys.json"
    gate = open_gate(access, keys=keys, audit=data_dir / "audit", clock=utc_now)
    config = uvicorn.Config(create_app(api, gate), host="127.0.0.1", port=0, access_log=False, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the server ended while it started"
            assert time.monotonic() < deadline, "the server did not start within 30 s"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield RunningApi(f"http://127.0.0.1:{port}", KeyFile(keys))
    finally:
        server.should_exit = True
        thread.join(30)
