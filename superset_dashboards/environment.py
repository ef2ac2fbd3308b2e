"""Superset's own environment: a virtual environment from its own lock, apart from ours.

Belongs here: making it, and knowing that it is the lock's. Does not: running Superset (server).
Its pins would take pandas and SQLAlchemy back years, so no package of it is ever imported here.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

TELEMETRY = b"https://apachesuperset.gateway.scarf.sh/pixel"


class SupersetEnvironmentError(Exception):
    """The environment could not be made; the message ends with what pip said last."""


def make_environment(folder: Path, lock: Path, progress: Callable[[str], None]) -> None:
    """Make the virtual environment `folder` from the lock file, unless it already is the lock's.

    The first time takes two minutes and 850 MB. Raises SupersetEnvironmentError when a package cannot be installed.
    """
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    marker = folder / "lock.sha256"
    if marker.is_file() and marker.read_text(encoding="utf-8") == wanted:
        return
    progress("making Superset's environment (once, two minutes)")
    marker.unlink(missing_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    progress("installing Superset (once, two minutes)")
    # The lock is complete, so nothing is resolved: pip would stumble over extras in its names.
    _run([str(python_of(folder)), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(lock)])
    _silence(folder)
    marker.write_text(wanted, encoding="utf-8")


def python_of(folder: Path) -> Path:
    """The interpreter of the environment."""
    return folder / "bin" / "python"


def _silence(folder: Path) -> None:
    """Take the telemetry pixel's address out of Superset's pages: it is compiled in, and no setting turns it off.

    The pages' content security policy would block it too, with an error in everybody's console.
    """
    scripts = [
        path
        for path in folder.glob("lib/python*/site-packages/superset/static/assets/*.js")
        if TELEMETRY in path.read_bytes()
    ]
    if not scripts:
        raise SupersetEnvironmentError("Superset's telemetry pixel is not where it was; look where this release has it")
    for path in scripts:
        path.write_bytes(path.read_bytes().replace(TELEMETRY, b"data:,"))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise SupersetEnvironmentError(
            f"Superset's environment could not be made: {said[-1] if said else done.returncode}"
        )
