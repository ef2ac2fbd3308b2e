"""`python -m benchmarks.api DATA_DIR`: the dashboard beside a ping of the same server, while versions appear.

Needs a data directory with a published version (make run). Belongs here: the requests, their moments, the page. Does
not: the server (`netvexa api`, in a process of its own). Requests start at fixed moments whatever the answers take, so
a slow answer delays none of the others and its whole delay counts (an open loop). A ping goes through the same
authentication, limits and audit log and reads no number. Nothing is written when an answer fails or is not whole.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import httpx

from benchmarks.ingestion import ROOT
from benchmarks.publications import publish_again
from orchestration.lib.paths import DataLayout
from serving.api.access.keys import KeyFile
from serving.versions import current

RESULTS = ROOT / "benchmarks" / "results" / "api.md"
PORT = 8399
SECONDS = 40
PER_SECOND = 200
PUBLISHES = 10
WARM_UP = 200
TARGET = 3.0
DASHBOARD, PING = "/api/metrics/dashboard", "/api/metrics/ping"


@dataclass(frozen=True)
class Asked:
    """One request: seconds from the moment it was due to its whole answer."""

    path: str
    seconds: float
    status: int
    version: str | None


def main(data_dir: Path) -> None:
    """Serve a copy, ask, publish, compare, write the page. Raises AssertionError when an answer is not whole."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="netvexa-api-") as scratch:
        layout = DataLayout(Path(scratch) / "data")
        _copy(DataLayout(data_dir), layout)
        key = _key(layout)
        with _serving(layout) as address:
            published: list[str] = []
            publishing = threading.Thread(target=_publish, args=(layout, published))
            asked = asyncio.run(_ask(address, key, publishing))
            publishing.join()
    assert len(published) == PUBLISHES
    failed = [one for one in asked if one.status != httpx.codes.OK]
    assert not failed, f"{len(failed)} of {len(asked)} requests failed, the first with {failed[0].status}"
    seen = {one.version for one in asked if one.version is not None}
    assert seen >= set(published[:-1]), "a version was published and no dashboard was of it"
    RESULTS.write_text(_page(asked, load), encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))


async def _ask(address: str, key: str, publishing: threading.Thread) -> list[Asked]:
    """Every request of the run: dashboards and pings by turns, each at its own moment."""
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=30) as client:
        for number in range(WARM_UP):
            await _one(client, (DASHBOARD, PING)[number % 2], time.perf_counter())
        publishing.start()
        began = time.perf_counter()
        tasks = []
        for number in range(SECONDS * PER_SECOND):
            due = began + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(_one(client, (DASHBOARD, PING)[number % 2], due)))
        return list(await asyncio.gather(*tasks))


async def _one(client: httpx.AsyncClient, path: str, due: float) -> Asked:
    answer = await client.get(path)
    return Asked(path, time.perf_counter() - due, answer.status_code, answer.headers.get("x-netvexa-version"))


def _publish(layout: DataLayout, published: list[str]) -> None:
    """Publish the same marts again, evenly over the run, each time as a version of its own."""
    began = time.monotonic()
    for number in range(1, PUBLISHES + 1):
        time.sleep(max(0.0, began + SECONDS * number / (PUBLISHES + 1) - time.monotonic()))
        published.append(publish_again(layout))


def _copy(source: DataLayout, target: DataLayout) -> None:
    """What is published, and the warehouse it came from: the run leaves no version behind in the data directory."""
    assert current(source.published) is not None, f"{source.root} holds no published version; make run first"
    shutil.copytree(source.published, target.published, symlinks=True)
    target.warehouse.parent.mkdir(parents=True)
    shutil.copy2(source.warehouse, target.warehouse)


def _key(layout: DataLayout) -> str:
    now = datetime.now(UTC)
    keys = KeyFile(layout.api_keys)
    return keys.create(
        name="benchmark", role="management", scopes=None, created_at=now, expires_at=now + timedelta(days=1)
    )[1]


@contextmanager
def _serving(layout: DataLayout) -> Iterator[str]:
    """`netvexa api` over the copy, in its own process as in life; yields its address."""
    address = f"http://127.0.0.1:{PORT}"
    environment = {
        **os.environ,
        "NETVEXA_DATA_DIR": str(layout.root),
        "NETVEXA_API_PORT": str(PORT),
        "NETVEXA_API_RATE_LIMIT": "1000000",
    }
    command = [sys.executable, "-c", "from orchestration.cli import main; main()", "api"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _is_ready(address):
            assert server.poll() is None, "the server ended while it started"
            assert time.monotonic() < deadline, "the server did not start within 60 s"
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _page(asked: list[Asked], load: float) -> str:
    def milliseconds(path: str) -> tuple[float, float, float]:
        values = [one.seconds * 1000 for one in asked if one.path == path]
        cuts = quantiles(values, n=100)
        return cuts[49], cuts[98], max(values)

    dashboard, ping = milliseconds(DASHBOARD), milliseconds(PING)
    factor = dashboard[1] / ping[1]
    verdict = "kept" if factor <= TARGET else "missed"
    rows = "\n".join(
        f"| `{path}` | {p50:.1f} | {p99:.1f} | {longest:.0f} |"
        for path, (p50, p99, longest) in ((DASHBOARD, dashboard), (PING, ping))
    )
    return "\n".join(
        (
            "# The API under requests while versions are published",
            "",
            f"`python -m benchmarks.api data`: {len(asked)} requests in {SECONDS} s ({PER_SECOND} a second, at fixed",
            f"moments, dashboards and pings by turns), while {PUBLISHES} versions were published. None failed.",
            "The sample company, 2 cores for the server, the requests and the publishing together,",
            f"load {load:.1f} a core at the start.",
            "",
            "| ms from the moment a request was due | p50 | p99 | longest |",
            "|---|--:|--:|--:|",
            rows,
            "",
            f"p99 of the dashboard is {factor:.1f} times that of the ping (at most {TARGET:.0f}: {verdict}).",
            "",
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data").resolve())
