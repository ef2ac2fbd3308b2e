"""A process that has imported everything a run needs, and forks real runs of `netvexa` from itself.

A run's own work takes seconds, its imports take many more; a dozen killed runs and their successors would spend minutes
on them. Each fork is a process of its own with its own pid, exit code and output, killed by a real SIGKILL.

Belongs here: the process (`python -m tests.faults.preloaded`), its requests as lines of JSON. Does not: what is asked
of it (conftest), what must hold afterwards (tests).
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

LONGEST_WAIT_SECONDS = 0.05
STRIPE_TIMEOUT_SECONDS = 5.0
STRIPE_PAGE_SIZE = 10


def serve() -> None:
    """Answer each request line with the exit code of the run it asked for, negative for a signal, and its memory.

    `grown_kib`: how far the run's memory grew beyond what it was forked with.
    """
    _load()
    print(json.dumps({"threads": threading.active_count()}), flush=True)  # noqa: T201
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(request)
        _, status, used = os.wait4(pid, 0)
        answer = {"code": os.waitstatus_to_exitcode(status), "grown_kib": max(0, used.ru_maxrss - loaded)}
        print(json.dumps(answer), flush=True)  # noqa: T201


def _load() -> None:
    import great_expectations  # noqa: F401

    from ingestion.sources.stripe import client, extract
    from orchestration.definitions import defs
    from orchestration.defs.ingestion import raw_tables
    from orchestration.lib.dbt_build import parse_project
    from orchestration.settings import load_settings

    parse_project(load_settings())
    defs()
    # How long a run waits before it tries a source again, and for an answer of Stripe, is not what is tried here.
    raw_tables.SECONDS_BEFORE_RETRY = 0
    extract.StripeSource = partial(extract.StripeSource, sleep=_doze, timeout=STRIPE_TIMEOUT_SECONDS)
    # So that the lists of a small company have pages to break off between.
    client.PAGE_SIZE = STRIPE_PAGE_SIZE


def _doze(seconds: float) -> None:
    time.sleep(min(seconds, LONGEST_WAIT_SECONDS))


def _run(request: dict[str, Any]) -> None:
    """Become the command that was asked for; never returns."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(target, descriptor)
    os.environ.update(request["environment"])
    for name in request["without"]:
        os.environ.pop(name, None)
    sys.argv = ["netvexa", *request["arguments"]]
    # What was imported has begun to log to standard error; a process of its own sets up its log before it imports.
    logging.getLogger().handlers.clear()
    if request["kill"] is not None:
        _arm(**request["kill"])
    code: object = 1
    try:
        from orchestration.cli import main

        main()
    except SystemExit as done:
        code = done.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _arm(event: str, text: str, nth: int) -> None:
    """Die at the nth time that something of this kind happens.

    event: `phase`, `doing` or `done` of the run's progress, else one of Python's audit events. text: a part of what is
    said, or of an argument of the audit event.
    """
    count = 0

    def happened(what: str) -> None:
        nonlocal count
        if text in what:
            count += 1
            if count == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    if event not in {"phase", "doing", "done"}:
        sys.addaudithook(lambda name, arguments: happened(" ".join(map(str, arguments))) if name == event else None)
        return

    from orchestration.commands.terminal import TerminalProgress

    tell: Callable[[TerminalProgress, str], None] = getattr(TerminalProgress, event)

    def tell_and_count(progress: TerminalProgress, said: str) -> None:
        tell(progress, said)
        sys.stdout.flush()
        happened(said)

    setattr(TerminalProgress, event, tell_and_count)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    serve()
