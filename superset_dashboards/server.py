"""A real Superset on this machine: its metadata, its secrets, its process.

Belongs here: making ready, starting, waiting until it answers, stopping. Does not: what it shows (push).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import IO

import requests

from superset_dashboards.environment import python_of

HOST = "127.0.0.1"
ADMIN = "admin"
# Two processes: one dashboard's charts are asked for at once, and a machine has at least two cores.
WORKERS, THREADS = 2, 8
START_SECONDS = 180
_CONFIG = Path(__file__).with_name("superset_config.py")
_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


class SupersetServerError(Exception):
    """Superset did not start; the message names its log."""


@dataclass(frozen=True)
class SupersetHome:
    """Where Superset keeps what is its own: metadata, secrets, logs. `environment` is its virtual environment."""

    folder: Path
    environment: Path

    @property
    def log(self) -> Path:
        """Of the present UTC day: a file for each, so that a day's lines can leave together."""
        return self.folder / f"superset-{datetime.now(UTC).date()}.log"

    @property
    def prepared(self) -> Path:
        """Says for which environment the metadata was made ready."""
        return self.folder / "prepared"

    def secret(self, name: str) -> str:
        """A secret of this home, made on first use, readable by its owner only."""
        path = self.folder / f"{name}.secret"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_text(encoding="utf-8")


def prepare(
    home: SupersetHome, variables: Mapping[str, str], admin_password: str, progress: Callable[[str], None]
) -> None:
    """Upgrade the metadata and set the administrator, unless that was done for this environment and these variables.

    `variables`: what Superset's process is given (see `process_variables`). Raises SupersetServerError.
    """
    lock = (home.environment / "lock.sha256").read_text(encoding="utf-8")
    given = (lock, variables["NETVEXA_SUPERSET_METADATA_URI"], admin_password)
    state = hashlib.sha256("\n".join(given).encode()).hexdigest()
    if home.prepared.is_file() and home.prepared.read_text(encoding="utf-8") == state:
        return
    progress("making Superset's metadata ready (half a minute)")
    home.folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [python_of(home.environment), _BOOTSTRAP],
        input=json.dumps({"name": ADMIN, "password": admin_password}).encode(),
        env=dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    _keep(home, done.stdout)
    if done.returncode != 0:
        raise SupersetServerError(f"Superset's metadata could not be made ready; see {home.log}")
    home.prepared.write_text(state, encoding="utf-8")


@contextmanager
def serving(
    home: SupersetHome, variables: Mapping[str, str], port: int, progress: Callable[[str], None]
) -> Iterator[str]:
    """Superset behind gunicorn for the duration of the block; yields its address.

    Raises SupersetServerError when it ends or stays silent.
    """
    address = f"http://{HOST}:{port}"
    if answers(address):
        raise SupersetServerError(f"a Superset already answers at {address}; stop it, or set NETVEXA_SUPERSET_URL")
    command = [
        *(home.environment / "bin" / "gunicorn", "superset.app:create_app()", "--bind", f"{HOST}:{port}"),
        *("--workers", WORKERS, "--threads", THREADS, "--worker-class", "gthread"),
        *("--timeout", 120, "--keep-alive", 75, "--no-control-socket"),
    ]
    process = subprocess.Popen(
        [str(part) for part in command],
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    keeping = Thread(target=_keep_lines, args=(home, process.stdout), name="superset-log", daemon=True)
    keeping.start()
    try:
        progress("starting Superset")
        _wait(process, address, home)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # To the last line, unless a worker that outlived its master still holds the pipe.
        keeping.join(5)


def process_variables(environment: Mapping[str, str], secret_key: str, metadata_uri: str) -> dict[str, str]:
    """The variables of Superset's own process: the caller's environment without its secrets, and what it must know."""
    kept = {name: value for name, value in environment.items() if name in {"PATH", "HOME", "LANG", "TZ", "TMPDIR"}}
    return kept | {
        "FLASK_APP": "superset.app",
        "SUPERSET_CONFIG_PATH": str(_CONFIG),
        "NETVEXA_SUPERSET_SECRET_KEY": secret_key,
        "NETVEXA_SUPERSET_METADATA_URI": metadata_uri,
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }


def answers(address: str) -> bool:
    """Whether a Superset answers there."""
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.RequestException:
        return False


def _keep(home: SupersetHome, lines: bytes) -> None:
    with home.log.open("ab") as log:
        log.write(lines)


def _keep_lines(home: SupersetHome, output: IO[bytes]) -> None:
    for line in output:
        _keep(home, line)


def _wait(process: subprocess.Popen[bytes], address: str, home: SupersetHome) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(address):
        if process.poll() is not None:
            raise SupersetServerError(f"Superset ended while it started (is {address} taken?); see {home.log}")
        if time.monotonic() > deadline:
            raise SupersetServerError(f"Superset does not answer at {address} after {START_SECONDS} s; see {home.log}")
        time.sleep(0.5)
